"""How cases came to whoever had them: a log, never changed."""

import json

import asyncpg

from chassis.database import Connection
from chassis.queries import load_queries
from services.routing.domain.decisions import Decision, RouteStep, Rule, StepOutcome

Q = load_queries("services.routing", "sql/decisions.sql")


async def add_decision(
    connection: Connection, case_id: str, site_id: str, decision: Decision
) -> None:
    """Adds a decision after those before it."""
    steps = [
        {
            "rule": step.rule.value,
            "candidate": step.candidate,
            "outcome": step.outcome.value,
            "zh": step.zh,
            "en": step.en,
        }
        for step in decision.steps
    ]
    await connection.execute(
        Q.add_decision,
        case_id,
        site_id,
        decision.accountable,
        decision.rule.value,
        decision.level,
        json.dumps(steps, ensure_ascii=False),
        decision.decided_by,
        decision.decide_time,
        decision.handover_note,
    )


async def list_decisions(connection: Connection, case_id: str) -> list[Decision]:
    """Returns a case's decisions, oldest first."""
    return [_decision(row) for row in await connection.fetch(Q.list_decisions, case_id)]


def _decision(row: asyncpg.Record) -> Decision:
    return Decision(
        accountable=row["accountable"],
        rule=Rule(row["rule"]),
        level=row["level"],
        steps=tuple(
            RouteStep(
                Rule(step["rule"]),
                step["candidate"],
                StepOutcome(step["outcome"]),
                step["zh"],
                step["en"],
            )
            for step in json.loads(row["steps"])
        ),
        decided_by=row["decided_by"],
        decide_time=row["decide_time"],
        handover_note=row["handover_note"],
    )
