"""Translators get every sentence: of code, of templates, and the words that errors have by themselves."""

from __future__ import annotations

import pytest

import messages
from lux.kit import i18n
from lux.kit.errors import LuxError
from lux.vault.secrets import SecretDamaged


@pytest.fixture(scope="module")
def catalogue():
    return messages.collect()


def test_sentences_of_code_and_templates_are_found(catalogue):
    assert len(catalogue) > 1000
    assert "This form was sent from another site." in catalogue
    assert "Check the address, or go back to where you came from." in catalogue
    assert ("%(name)s: %(num)s row holds", "%(name)s: %(num)s rows hold") in catalogue


def test_the_words_of_every_error_are_found(catalogue):
    kinds = list(messages.errors())
    assert SecretDamaged in kinds
    missing = [kind.__name__ for kind in kinds if kind.default_words() not in catalogue]
    assert not missing
    places = {place for place, _line in catalogue["Your role does not allow this."].locations}
    assert "src/lux/kit/errors.py" in places


def test_an_error_speaks_the_language_of_who_meets_it():
    with i18n.use_locale(i18n.PSEUDO_LOCALE):
        unmarked = [kind for kind in messages.errors() if not said_by(kind).startswith("⟦")]
    assert not unmarked
    assert str(LuxError()) == "Something went wrong that people can be told about."


def said_by(kind: type[LuxError]) -> str:
    error = kind.__new__(kind)
    LuxError.__init__(error)  # some kinds always have words of their own as well
    return error.message


def test_the_template_is_written_where_it_is_asked_for(catalogue, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(messages, "collect", lambda: catalogue)
    assert messages.main([str(tmp_path / "new" / "lux.pot")]) == 0
    assert "messages in" in capsys.readouterr().out
    assert 'msgid "Your role does not allow this."' in (tmp_path / "new" / "lux.pot").read_text()
