"""Answers made by hand to the claims a workspace sent: 835 and 277CA; and a policy of its own."""

from __future__ import annotations

from collections.abc import Sequence

from edi_iop.settings import Workspace

NUMBER = "2026011900001"
"""The payer's own number of the claim."""


def remit(
    claim: str, *days: str, denied: str = "", carc: str = "16", charge: int = 350, copay: int = 0
) -> bytes:
    """An 835 that allows 285 for every day of the claim less a copay, or denies it with a remark
    (and the reason)."""
    paid = 0 if denied else 285 - copay
    status = "4" if denied else "1"
    lines = []
    for day in days:
        lines += [
            f"SVC*HC:H0015*{charge}*{paid}*0906*1",
            f"DTM*472*{day.replace('-', '')}",
            f"CAS*CO*{carc}*{charge}" if denied else f"CAS*CO*45*{charge - 285}",
            *([f"CAS*PR*3*{copay}"] if copay else []),
            *([f"LQ*HE*{denied}"] if denied else []),
        ]
    return interchange(
        [
            "ST*835*0001",
            f"BPR*I*{paid * len(days)}*C*CHK************20260119",
            f"TRN*1*CHK{claim}*1999999999",
            "DTM*405*20260119",
            "N1*PR*HARBOR HEALTH PLAN*XV*HARBR",
            "N3*1 EXAMPLE STREET",
            "N4*SPRINGFIELD*IL*62701",
            "PER*BL*TECHNICAL*TE*5555550100",
            "N1*PE*EXAMPLE*XX*1234567893",
            "LX*1",
            f"CLP*{claim}*{status}*{charge * len(days)}*{paid * len(days)}*{copay * len(days)}*12*{NUMBER}*13*2",
            "NM1*QC*1*SAMPLE*PAT****MI*M0001",
            *lines,
        ],
        "HP",
        "005010X221A1",
    )


def status_277(claim: str, action: str = "WQ") -> bytes:
    """A 277CA (005010X214) of the payer's: it took the claim under a number of its own, or did not."""
    category = "A1:20" if action == "WQ" else "A3:21"
    number = [f"REF*1K*{NUMBER}"] if action == "WQ" else []
    return interchange(
        [
            "ST*277*0001*005010X214",
            "BHT*0085*08*1*20260113*0900*TH",
            "HL*1**20*1",
            "NM1*PR*2*HARBOR HEALTH PLAN*****PI*HARBR",
            "TRN*1*1",
            "DTP*050*D8*20260113",
            "DTP*009*D8*20260113",
            "HL*2*1*21*1",
            "NM1*41*2*EXAMPLE*****46*EXAMPLEIOP",
            "TRN*2*1-1",
            "STC*A1:19:PR*20260113*WQ*1050",
            "HL*3*2*19*1",
            "NM1*85*2*EXAMPLE*****XX*1234567893",
            "TRN*2*0",
            "HL*4*3*PT",
            "NM1*QC*1*SAMPLE*PAT****MI*M0001",
            f"TRN*2*{claim}",
            f"STC*{category}:PR*20260113*{action}*1050",
            *number,
            "DTP*472*RD8*20260105-20260109",
        ],
        "HN",
        "005010X214",
    )


def interchange(segments: Sequence[str], group: str, guide: str) -> bytes:
    end = len(segments) + 1
    every = [
        "ISA*00*          *00*          *ZZ*HARBR          *ZZ*EXAMPLEIOP     *260119*1200*^*00501"
        "*000000001*0*T*:",
        f"GS*{group}*HARBR*EXAMPLEIOP*20260119*1200*1*X*{guide}",
        *segments,
        f"SE*{end}*0001",
        "GE*1*1",
        "IEA*1*000000001",
    ]
    return "".join(f"{segment}~" for segment in every).encode()


def policy(workspace: Workspace, lines: str) -> None:
    """A payer policy of the workspace's own that says more than harbor's."""
    (workspace.payers / "local.toml").write_text(
        'extends = "harbor"\nid = "local"\nname = "Harbor, our contract"\nversion = "1"\n'
        'effective_from = 2025-01-01\nread_on = 2026-01-01\nsources = ["a contract"]\n'
        + lines
        + '[cites]\nbilling = "the contract"\n'
    )
    text = workspace.settings_file.read_text()
    workspace.settings_file.write_text(text.replace('policy = "harbor"', 'policy = "local"'))
