"""Query strings are read strictly; every error names the parameter."""

import pytest

from mbox_ops.entities.artifacts import ArtifactMime, ArtifactQuery
from mbox_ops.entities.limits import DEFAULT
from mbox_ops.entities.runs import RunQuery
from mbox_ops.errors import InvalidRequest, MalformedRequest
from mbox_ops.server.queries import decode_query
from mbox_ops.server.rest.metrics import HistoryParameters
from mbox_ops.testing import LiveServer
from tests.server.asking import ask


def test_every_kind_of_parameter_is_read() -> None:
    """Text, numbers, booleans, words of a list, and objects as JSON."""
    query = b"scenario=a%2Fb+c&limit=7&experiments=true&status=LOST&tags=%7B%22k%22%3A%22v%22%7D"
    expected = RunQuery(scenario="a/b c", limit=7, experiments=True, status="LOST", tags={"k": "v"})
    assert decode_query(query, RunQuery, DEFAULT) == expected


def test_lists_are_given_by_repeating() -> None:
    """A name may hold anything, a comma included."""
    read = decode_query(b"name=a%2Cb&name=c&limit=all", HistoryParameters, DEFAULT)
    assert read == HistoryParameters(name=["a,b", "c"], limit="all")


def test_words_stay_words() -> None:
    """A scenario may be called null, true or 5."""
    for word in ("null", "true", "5"):
        assert decode_query(f"scenario={word}".encode(), RunQuery, DEFAULT).scenario == word


def test_enumerations_are_read_by_name() -> None:
    """As they are sent in bodies."""
    assert decode_query(b"mime_type=Model", ArtifactQuery, DEFAULT).mime_type is ArtifactMime.Model


@pytest.mark.parametrize(
    ("query", "field"),
    [
        (b"colour=red", "colour"),
        (b"limit=ten", "limit"),
        (b"limit=1.5", "limit"),
        (b"limit=", "limit"),
        (b"limit=99999999999999999999", "limit"),
        (b"limit=%D9%A3", "limit"),
        (b"limit=1&limit=2", "limit"),
        (b"experiments=yes", "experiments"),
        (b"status=DONE", "status"),
        (b"tags=a", "tags"),
        (b"tags=[]", "tags"),
        (b'tags={"a":1}', "tags"),
        (b'tags={"a":NaN}', "tags"),
        (b"tags=" + b"[" * 5000, "tags"),
        (b"scenario=a%00b", "scenario"),
    ],
)
def test_a_wrong_parameter_is_named(query: bytes, field: str) -> None:
    """Nothing is guessed, nothing is coerced."""
    with pytest.raises(InvalidRequest) as caught:
        decode_query(query, RunQuery, DEFAULT)
    assert str(caught.value.details["field"]).removesuffix("[...]") == field
    assert field in caught.value.message


@pytest.mark.parametrize("query", [b"scenario=%ff", b"scenario=\xc3\xa9", b"&".join([b"a=b"] * 2000)])
def test_what_is_no_query_string_is_malformed(query: bytes) -> None:
    """It must be percent-encoded UTF-8, and not endless."""
    with pytest.raises(MalformedRequest):
        decode_query(query, RunQuery, DEFAULT)


@pytest.mark.parametrize("path", ["/api/v1/time", "/healthz", "/api/v1/runs", "/api/v1/runs/x/metrics/history"])
def test_an_unknown_parameter_is_refused_at_every_route(server: LiveServer, path: str) -> None:
    """Also where there are none at all."""
    answer = ask(server.url, "GET", f"{path}?colour=red")
    assert answer.refusal == (422, "invalid_request")
    assert answer.error["details"]["field"] == "colour"
