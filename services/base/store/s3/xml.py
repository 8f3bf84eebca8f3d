"""XML from an object store, of which no declaration of types or entities is taken: S3 sends none.

A few hundred bytes of entities can stand for gigabytes, and an external one names a file or an address to be read.
Entities can only be declared in a DOCTYPE, which stands before the root element: what comes before it is looked at
first, and nothing else is parsed twice.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any, NoReturn
from urllib.parse import parse_qs, urlsplit
from xml.parsers import expat

import urllib3

from services.base.errors import BadConfig


class _Begun(Exception):
    """The root element has begun."""


def parsed(body: bytes | str) -> ET.Element:
    """The body's root element. Raises BadConfig NOT_S3 for a DOCTYPE, ParseError for what is no XML."""
    refuse_doctype(body)
    return ET.fromstring(body)  # noqa: S314 -- without a DOCTYPE there are no entities


def refuse_doctype(body: bytes | str) -> None:
    """Raises BadConfig NOT_S3 when a DOCTYPE stands before the root element; what is no XML is left to the parser."""
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    parser.StartElementHandler = _begin
    try:
        parser.Parse(body, True)
    except (_Begun, expat.ExpatError):
        return


def _begin(*_: object) -> NoReturn:
    raise _Begun


def _refuse(*_: object) -> NoReturn:
    raise BadConfig(
        "NOT_S3",
        "the store's answer declares a document type, which may stand for entities without end and which S3 never "
        "sends; check that the endpoint (AWS_ENDPOINT_URL_S3) is an S3 store, and not a web page or a proxy",
    )


class CheckedPool(urllib3.PoolManager):
    """Connections for `minio`, which parses some answers by itself: refusals, a bucket's region, lent credentials.

    Raises BadConfig NOT_S3 before it sees one with a DOCTYPE. Bodies of objects pass: they are anybody's bytes, and
    nothing parses them as XML.
    """

    def urlopen(self, method: str, url: str, redirect: bool = True, **kw: Any) -> Any:  # type: ignore[override]
        """As urllib3's."""
        response = super().urlopen(method, url, redirect=redirect, **kw)
        if method != "HEAD" and _parsed_by_minio(url, response):
            # Cached, so that minio reads the same again; as text, which is what it parses.
            response.read(cache_content=True)
            refuse_doctype(response.data.decode(errors="replace"))
        return response


def _parsed_by_minio(url: str, response: Any) -> bool:
    if response.status not in (200, 204, 206):
        return "application/xml" in response.headers.get("content-type", "")
    query = parse_qs(urlsplit(url).query, keep_blank_values=True)
    return "location" in query or query.get("Action", [""])[0].startswith("AssumeRole")
