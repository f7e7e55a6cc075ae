from __future__ import annotations

from typing import Any

import pytest

from sre_findings.inspector.credentials import Reader, open_session, reader_of
from sre_findings.model.errors import UsageError
from sre_findings.settings import load

ROLE = "arn:aws:iam::111122223333:role/sre-inspector-reader"
_ANSWER = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>READER</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>session</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""


@pytest.fixture
def sts(service: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ENDPOINT_URL", service.url)
    service.tell("AssumeRole", _ANSWER)
    return service


def test_inspector_is_read_as_the_role_that_the_settings_name(sts: Any) -> None:
    credentials = open_session(Reader(ROLE, "a-word-that-is-shared")).get_credentials()
    assert credentials is not None
    assert credentials.get_frozen_credentials().access_key == "READER"
    assert sts.asked == ["AssumeRole"]


def test_nothing_is_asked_before_the_credentials_are_used(sts: Any) -> None:
    assert open_session(Reader(ROLE)).get_credentials() is not None
    assert sts.asked == []


def test_without_a_role_the_process_is_itself(sts: Any, tmp_path: Any) -> None:
    assert reader_of(load({"SRE_STORE": "file:///nowhere"}, tmp_path)) is None
    credentials = open_session(None).get_credentials()
    assert credentials is not None
    assert credentials.access_key == "TESTING"
    assert sts.asked == []


@pytest.mark.parametrize("who", [None, "nope", Reader(ROLE)])
def test_a_profile_that_does_not_exist_is_a_usage_error(
    who: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nope")
    with pytest.raises(UsageError, match=r"profile \(nope\) could not be found\. Check --profile"):
        open_session(who)


def test_a_broken_file_of_profiles_is_a_usage_error(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    (tmp_path / "config").write_text("[default\n")
    with pytest.raises(UsageError, match="Unable to parse config file"):
        open_session(None)


def test_the_external_id_shows_nowhere(tmp_path: Any) -> None:
    environ = {
        "SRE_STORE": "file:///nowhere",
        "SRE_READER_ROLE": ROLE,
        "SRE_READER_EXTERNAL_ID": "a-word-that-is-shared",
    }
    settings = load(environ, tmp_path)
    assert reader_of(settings) == Reader(ROLE, "a-word-that-is-shared")
    assert "a-word" not in repr(settings) + repr(reader_of(settings))
