"""A botocore session that reads of botocore's data only what it uses: a tenth of a start, and 10 MB.

A plain session lists the versions of all 400 services, and parses `endpoints.json` (1.2 MB), to find what a
client's own `endpoint-rule-set` then says again. The partitions, which it also has as 7 KB, are enough.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import botocore.session
from botocore.loaders import Loader

HOSTNAME: Final = "{service}.{region}.{dnsSuffix}"
FIPS_HOSTNAME: Final = "{service}-fips.{region}.{dnsSuffix}"


def make_session() -> botocore.session.Session:
    """Return a session for services that have an endpoint rule set, as all have but a few old ones."""
    session = botocore.session.get_session()
    session.register_component("data_loader", _FrugalLoader())
    return session


class _FrugalLoader(Loader):
    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - that shows when it is loaded
        """Return the services by their folders."""
        paths = (Path(path) for path in self.search_paths)
        return [folder.name for path in paths if path.is_dir() for folder in path.iterdir()]

    def load_data_with_path(self, name: str) -> tuple[Any, str]:
        if name != "endpoints":
            return super().load_data_with_path(name)
        known, path = super().load_data_with_path("partitions")
        return {"version": 3, "partitions": [_partition(one) for one in known["partitions"]]}, path


def _partition(known: Mapping[str, Any]) -> dict[str, Any]:
    """Return a partition in the form of `endpoints.json`, without a word on single services."""
    outputs = known["outputs"]
    return {
        "partition": known["id"],
        "regionRegex": known["regionRegex"],
        "regions": known["regions"],
        "dnsSuffix": outputs["dnsSuffix"],
        "defaults": {
            "hostname": HOSTNAME,
            "protocols": ["https"],
            "signatureVersions": ["v4"],
            "variants": [*_variants(outputs)],
        },
        "services": {},
    }


def _variants(outputs: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    single, dual = outputs["dnsSuffix"], outputs["dualStackDnsSuffix"]
    yield {"tags": ["fips"], "hostname": FIPS_HOSTNAME, "dnsSuffix": single}
    yield {"tags": ["dualstack"], "hostname": HOSTNAME, "dnsSuffix": dual}
    yield {"tags": ["dualstack", "fips"], "hostname": FIPS_HOSTNAME, "dnsSuffix": dual}
