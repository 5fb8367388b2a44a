"""`case register`: four fields, well under a minute."""

import difflib
from typing import Annotated, Protocol

import typer

from backstop.intake.v1 import intake_marks_pb2, intake_pb2, intake_registration_pb2
from ctl import choices, times
from ctl.attachments import attachments
from ctl.commands import duplicates, options
from ctl.failures import Problem, Unavailable
from ctl.names import Names
from ctl.shell import Session, execute
from ctl.tables import case as tables
from ctl.tables.look import Look
from ctl.words import Words


def register(
    context: typer.Context,
    where: Annotated[
        str,
        typer.Option(
            "--where",
            metavar="PLACE",
            help="地点：单位或值守点的名称或代码，或一句话；组织信息暂不可用时请改用 --place "
            "· a unit, a post, or a place in words; --place while the names can't be had",
        ),
    ] = "",
    what: Annotated[str, typer.Option("--what", help="诉求内容 · what was said")] = "",
    channel: Annotated[
        str,
        typer.Option(
            "--channel",
            help="渠道：desk, phone, window, slip, … · how it came",
            autocompletion=choices.completion(intake_pb2.Channel.DESCRIPTOR),
        ),
    ] = "",
    who: Annotated[str, typer.Option("--who", metavar="NAME", help="诉求人 · the reporter")] = "",
    anonymous: Annotated[
        bool, typer.Option("--anonymous", help="匿名 · nobody's name goes on file")
    ] = False,
    confidential: Annotated[
        bool, typer.Option("--confidential", help="保密：对承办人员不公开 · sealed from handlers")
    ] = False,
    phone: Annotated[str, typer.Option("--phone", help="诉求人电话 · telephone")] = "",
    email: Annotated[str, typer.Option("--email", help="诉求人邮箱 · e-mail")] = "",
    person_code: Annotated[
        str, typer.Option("--person-code", help="诉求人工号 · the site's code of the person")
    ] = "",
    reporter_kind: Annotated[
        str,
        typer.Option(
            "--reporter-kind",
            help="默认 employee · default employee",
            autocompletion=choices.completion(intake_pb2.ReporterKind.DESCRIPTOR),
        ),
    ] = "employee",
    unit: Annotated[str, typer.Option("--unit", help="单位的名称或代码 · unit")] = "",
    post: Annotated[str, typer.Option("--post", help="值守点的名称或代码 · post")] = "",
    place: Annotated[str, typer.Option("--place", help="地点 · place in words")] = "",
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            help="默认 request · default request",
            autocompletion=choices.completion(intake_pb2.CaseKind.DESCRIPTOR),
        ),
    ] = "",
    category: Annotated[str, typer.Option("--category", help="类别的名称或代码 · category")] = "",
    urgent: Annotated[bool, typer.Option("--urgent", help="紧急 · urgent")] = False,
    at: options.At = "",
    receiver: Annotated[
        str, typer.Option("--receiver", help="首接人，默认本人 · who took it; you by default")
    ] = "",
    slip: Annotated[str, typer.Option("--slip", help="纸条号 · slip number")] = "",
    link: Annotated[
        list[str] | None,
        typer.Option(
            "--link", metavar="CASE:RELATION", help="关联：编号：found-by-sweep|related · link"
        ),
    ] = None,
    about: Annotated[
        list[str] | None,
        typer.Option(
            "--about", metavar="PERSON", help="涉及谁，其本人及下属回避 · whom it is about"
        ),
    ] = None,
    is_hazard: Annotated[bool, typer.Option("--hazard", help="隐患 · a safety matter")] = False,
    long_standing: Annotated[
        bool, typer.Option("--long-standing", help="疑难积案，保留原日期 · old and difficult")
    ] = False,
    leader: Annotated[
        str, typer.Option("--leader", metavar="PERSON", help="包案领导 · leader in charge")
    ] = "",
    speaks_for: Annotated[
        str,
        typer.Option(
            "--brought-by", metavar="NAME[,PHONE[,RELATION]]", help="代办人 · who speaks for them"
        ),
    ] = "",
    attach: options.Attach = None,
    reference: Annotated[
        str, typer.Option("--reference", help="本系统的编号 · your own reference for it")
    ] = "",
    case_id: Annotated[
        str, typer.Option("--case-id", help="离线时自编的 UUID · id made offline")
    ] = "",
) -> None:
    """登记诉求：--where、--who(或 --anonymous)、--what、--channel 即可 · register a case."""

    async def work(session: Session) -> None:
        if not (where or unit or post or place):
            raise Problem("在哪里？/ where?", field="--where")
        if not what:
            raise Problem("什么事？/ what?", field="--what")
        if not channel:
            raise Problem("通过什么渠道？/ by what channel?", field="--channel")
        if not (who or anonymous or person_code):
            raise Problem("谁？匿名请加 --anonymous / who, or anonymous?", field="--who")
        kind_of_channel = choices.parse(intake_pb2.Channel, channel, option="--channel")
        if kind_of_channel == intake_pb2.CHANNEL_SLIP and not slip:
            raise Problem("纸条上的号码？/ which slip?", field="--slip")
        names = await session.names(session.site)
        if where and names.missing and not place:
            # A guess would be a different case from the one that a repetition asks for.
            raise Unavailable(
                f"组织信息暂不可用，认不出“{where}”是单位还是地点，没有登记；"
                "请稍后再试，或用 --place 写明地点 / names can't be had now, nothing was "
                "registered: try again, or say --place",
                field="--where",
            )
        found = place_of(where, names)
        confidentiality = intake_pb2.CONFIDENTIALITY_UNSPECIFIED
        if anonymous:
            confidentiality = intake_pb2.CONFIDENTIALITY_ANONYMOUS
        elif confidential:
            confidentiality = intake_pb2.CONFIDENTIALITY_CONFIDENTIAL
        request = intake_registration_pb2.RegisterCaseRequest(
            request_id=session.request_id(),
            site_id=session.site,
            text=what,
            channel=kind_of_channel,
            reporter=intake_pb2.Reporter(
                kind=choices.parse(
                    intake_pb2.ReporterKind, reporter_kind, option="--reporter-kind"
                ),
                confidentiality=confidentiality,
                name=who,
                person_code=person_code,
                phone=phone,
                email=email,
                representative=_representative(speaks_for),
            ),
            place=place or found.get("place", ""),
            post_id=names.code_of("posts", post) or found.get("post", ""),
            unit_id=names.unit_of(unit) or found.get("unit", ""),
            kind=choices.parse(intake_pb2.CaseKind, kind, option="--kind"),
            category=names.category_of(category),
            urgency=intake_pb2.URGENCY_URGENT if urgent else intake_pb2.URGENCY_UNSPECIFIED,
            occurred_time=times.stamp(
                times.parse_time(at, session.zone, option="--at") if at else None
            ),
            receiver=names.person_of(receiver),
            slip_number=slip,
            links=[await _link(session, one) for one in link or ()],
            about_persons=[names.person_of(one) for one in about or ()],
            case_id=case_id,
            external_ref=reference,
            hazard=is_hazard,
            long_standing=long_standing,
            leader=names.person_of(leader) if leader else "",
            attachments=attachments(attach or ()),
        )
        # Looked for before, when the case can't be found itself.
        on_file = None if session.shell.json else await duplicates.likely(session, request)
        response = await session.client.call("intake", session.client.intake.RegisterCase, request)
        look = Look(session.words, names, session.zone)
        session.show(response, tables.registered(look, response))
        if slip:
            session.say(session.words("code_of_slip", slip=slip))
        elif response.receipt_code:
            session.say(session.words("code_kept"))
        hazard(session, response)
        if not category and (idea := suggested(session.words, names, response.case)):
            session.note(idea)
        if not session.shell.json:
            await duplicates.show(session, response.case, on_file)
        if "place" in found and not (unit or post or response.case.unit_id):
            session.note(session.words("not_a_unit"))
            if alike := difflib.get_close_matches(where, names.units.values()):
                session.note(session.words("perhaps", names="、".join(alike)))

    execute(context, work)


def place_of(where: str, names: Names) -> dict[str, str]:
    """Reads a place: a unit's or post's code or name, else words."""
    if not where:
        return {}
    for kind, known in (("post", names.posts), ("unit", names.units)):
        for code, name in known.items():
            if where in (code, name):
                return {kind: code}
    return {"place": where}


class HasNotice(Protocol):
    """A response that may say what has to be done at once."""

    @property
    def hazard_notice(self) -> intake_marks_pb2.HazardNotice: ...


def hazard(session: Session, response: HasNotice) -> None:
    """Shows what whoever took a hazard must do at once."""
    notice = response.hazard_notice
    if notice.text:
        # The text names the telephone, too.
        session.say(f"⚠ {notice.text}")


def suggested(words: Words, names: Names, case: intake_pb2.Case) -> str:
    """Returns the lexicon's idea with the command to take it; empty where it is taken already."""
    code = case.suggested_category
    if not code or code == case.category:
        return ""
    command = f"backstopctl case amend {case.number} --category {code}"
    return words("lexicon_says", category=names.category(code), command=command)


def _representative(text: str) -> intake_pb2.Representative | None:
    if not text:
        return None
    name, phone, relation, *_ = (*text.replace("，", ",").split(","), "", "")
    return intake_pb2.Representative(
        name=name.strip(), phone=phone.strip(), relation=relation.strip()
    )


async def _link(session: Session, text: str) -> intake_pb2.Link:
    key, separator, relation = text.rpartition(":")
    if not separator:
        key, relation = text, "related"
    value = choices.parse(intake_pb2.Relation, relation, option="--link")
    return intake_pb2.Link(case_id=await session.case_id(key), relation=value)
