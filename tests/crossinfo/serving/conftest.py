"""The servers of the clients' tests."""

from tests.crossinfo.client.conftest import kind, versions  # noqa: F401
