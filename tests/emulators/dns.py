"""A name server on a real socket that answers from a table, or not at all."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping, Sequence

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


class DnsServer:
    """Answers UDP questions on 127.0.0.1; `records` maps (name, type) to values as in a zone file."""

    def __init__(self, records: Mapping[tuple[str, str], Sequence[str]], *, is_silent: bool = False) -> None:
        """Start it; a silent server hears and never answers."""
        self.records = dict(records)
        self.is_silent = is_silent
        self.questions: list[tuple[str, str]] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Return host and port as LUX_DNS_SERVERS wants them."""
        host, port = self._socket.getsockname()
        return f"{host}:{port}"

    def stop(self) -> None:
        """End the server and its thread."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self._socket.getsockname())
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            data, client = self._socket.recvfrom(4096)
            if not data:
                return
            answer = self._answer(data)
            if answer is not None:
                self._socket.sendto(answer, client)

    def _answer(self, data: bytes) -> bytes | None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.questions.append((name, kind))
        if self.is_silent:
            return None
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        values = self.records.get((name, kind))
        if values:
            response.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", kind, list(values)))
        elif not any(known == name for known, _kind in self.records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response.to_wire()
