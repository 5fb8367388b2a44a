"""The mines of the routing bench: 10,000 units over 200 sites, and no blind spot."""

from datetime import date

from bench.routing.scenario import LARGE, LONG, SHORT, directory, matrix
from services.routing.convert.directory import directory_from
from services.routing.convert.matrix import publish_matrix
from services.routing.domain.coverage import Organisation, gaps
from services.routing.domain.matrix import check

TODAY = date(2026, 11, 23)


def test_the_sites_have_the_units_that_they_are_said_to_have() -> None:
    assert len(LONG.sites) == 200
    assert sum(LONG.sites.values()) == 10_000
    assert LONG.sites[LARGE] == 2500
    assert sum(SHORT.sites.values()) == 1000


def test_a_matrix_of_the_bench_has_neither_faults_nor_gaps() -> None:
    for turn in (0, 1):
        site = directory_from(directory("site", 30))
        rows = publish_matrix(matrix("site", 30, turn)).matrix.responsibilities
        assert len(rows) == 120
        assert check(rows, site.units, site.people, TODAY) == []
        assert gaps(Organisation(site.units, site.people, (), rows), TODAY) == []
