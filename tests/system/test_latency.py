"""How long until someone is told: registered → assigned → clocks started → notifications planned.

Measured from the caller's side, one case at a time; the figures are printed. The bound is the
issue's: p50 under 100 ms on two cores, with everything on one machine.
"""

import statistics
import time

from tests.harness import Caller, Inspector, until

CASES = 40
P50_MILLISECONDS = 100.0


async def test_told_soon_after_registration(caller: Caller, inside: Inspector) -> None:
    await caller.register("预热")
    await inside.settle()
    answered, told = [], []
    for number in range(CASES):
        start = time.perf_counter()
        case_id = (await caller.register(f"计时 {number}")).case.case_id
        answered.append((time.perf_counter() - start) * 1000)

        async def planned(case_id: str = case_id) -> bool:
            # The steward (case_assigned) and the reporter (the receipt with its deadlines).
            count: int = await inside.value(
                "SELECT count(DISTINCT template) FROM notify.deliveries WHERE case_id = $1",
                case_id,
            )
            return count >= 2

        await until(planned, "both notifications planned", every=0.002)
        told.append((time.perf_counter() - start) * 1000)
    for name, values in (("RegisterCase", answered), ("told", told)):
        quantiles = statistics.quantiles(values, n=100)
        print(
            f"{name}: p50 {statistics.median(values):.1f} ms, p99 {quantiles[98]:.1f} ms, n={CASES}"
        )
    assert statistics.median(told) < P50_MILLISECONDS
