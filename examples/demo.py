"""Walks a sample company from its first contact to a campaign's report, over HTTP: `make demo`."""

from __future__ import annotations

import argparse
import sys
from typing import Final

from examples import mailing, people
from examples.page import PageError
from examples.server import Server, found_or_started
from examples.walk import StepFailed, Walk

STEPS: Final = (
    ("A sample company and its owner", people.sample_company),
    ("The company's details", people.company_details),
    ("A verified sender", people.sender),
    ("The switch for e-mail", people.switch),
    ("Contacts from a CSV file", people.contacts),
    ("A segment", people.segment),
    ("A campaign and its pre-flight", mailing.campaign),
    ("A test copy", mailing.test_copy),
    ("Submitted for approval", mailing.submit),
    ("Approved", mailing.approve),
    ("Sent", mailing.leave),
    ("What recipients do", mailing.readers),
    ("The report", mailing.report),
    ("Something for you to decide", mailing.another),
)


def main() -> int:
    """Run the walk; returns the exit code."""
    options = _options()
    try:
        server = found_or_started() if not options.url else Server(options.url)
        if options.url and not server.answers():
            raise PageError(f"Nobody answers at {options.url}.")
    except PageError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    try:
        walk_through(server)
        if server.is_own and not options.stop and sys.stdout.isatty():
            _keep_serving(server)
    except StepFailed as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
    finally:
        server.stop()
    return 0


def walk_through(server: Server) -> Walk:
    """Take every step, saying what happens; raises StepFailed."""
    walk = Walk(server)
    walk.say(f"LUX at {server.url}: a sample company from its contacts to a report. Nothing leaves this machine.")
    for title, step in STEPS:
        with walk.step(title):
            step(walk)
    walk.say(f"\nLook around: {server.url}")
    walk.say(f"  Sign in as {walk.email} with the password {walk.password}")
    walk.say(f"  Remove the sample company when you have seen enough: {server.url}/settings/remove")
    return walk


def _keep_serving(server: Server) -> None:
    print("\nLUX keeps serving. Ctrl+C ends it.")
    server.wait()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--url", default="", help="walk through the LUX at this address; default: as the settings say")
    parser.add_argument("--stop", action="store_true", help="end a LUX that was started here when the walk is over")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
