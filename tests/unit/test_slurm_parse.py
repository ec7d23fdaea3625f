"""What Slurm's commands print, as real clusters printed it, and whatever else might come."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernelkit.slurm import parse
from kernelkit.slurm.argv import FIELD, HISTORY_FIELDS, QUEUE_FIELDS, RECORD

STRINGS = json.loads((Path(__file__).parents[1] / "fixtures/slurm-strings.json").read_text())

# Text as commands print it, and the characters that parsers stumble over.
text = st.text(
    st.one_of(
        st.sampled_from("0123456789,:=()[]-/;|+*# \n" + FIELD + RECORD + "\x85\u2028²٣"),
        st.characters(),
    ),
    max_size=60,
)


@pytest.mark.parametrize(
    ("printed", "where", "gpus"),
    STRINGS["gres_total"] + STRINGS["gres_used"] + STRINGS["tres_and_requests"],
)
def test_gpus(printed: str, where: str, gpus: int) -> None:
    assert sum(found.count for found in parse.parse_gpus(printed)) == gpus, where


@pytest.mark.parametrize(
    ("printed", "kinds"),
    [
        ("gpu:a100:1,gpu:a100_3g.20gb:2", {"a100": 1, "a100_3g.20gb": 2}),
        ("gpu:2(S:1)", {"": 2}),
        ("gpu:a100:2(S:0),gpu:a100:2(S:1)", {"a100": 4}),
        ("gpu:(null):4(IDX:0-3)", {"": 4}),
        ("cpu=16,gres/gpu=1,gres/gpu:h100=1", {"h100": 1}),
        ("gpu", {"": 1}),
        ("gpu:4K", {"4K": 1}),
    ],
)
def test_gpus_by_type(printed: str, kinds: dict[str, int]) -> None:
    assert {found.kind: found.count for found in parse.parse_gpus(printed)} == kinds


@pytest.mark.parametrize(
    ("printed", "hosts"),
    [
        ("cs[100,101,102]", ["cs100", "cs101", "cs102"]),
        ("nid00[408,411-415]", ["nid00408", *(f"nid00{n}" for n in range(411, 416))]),
        ("c[3101-3104,4101-4104]", [f"c{n}" for n in (*range(3101, 3105), *range(4101, 4105))]),
        ("r07c[07-48,53-56]", [f"r07c{n:02}" for n in (*range(7, 49), *range(53, 57))]),
        ("c427-032,c429-002", ["c427-032", "c429-002"]),
        ("q1-dy-c5xlarge-3", ["q1-dy-c5xlarge-3"]),
        ("em[014,055-056,161]", ["em014", "em055", "em056", "em161"]),
        ("r[1-2]n[08-09]", ["r1n08", "r1n09", "r2n08", "r2n09"]),
        ("midway3-[0440-0441]", ["midway3-0440", "midway3-0441"]),
        ("n[5-3]", ["n5-3"]),
        ("", []),
    ],
)
def test_hosts(printed: str, hosts: list[str]) -> None:
    assert list(parse.expand_hosts(printed)) == hosts


def test_a_host_list_without_end_ends() -> None:
    assert len(parse.expand_hosts("a[0-99999999999][0-9999][0-9999]")) == parse.HOST_LIMIT
    assert parse.expand_hosts("[" * 5000)
    assert parse.expand_hosts("[1]" * 5000)


@given(st.lists(st.integers(0, 9999), min_size=1, max_size=20), st.integers(1, 5))
def test_hosts_written_as_a_list_come_back(numbers: list[int], width: int) -> None:
    names = [f"node{n:0{width}}x" for n in numbers]
    inside = ",".join(f"{n:0{width}}" for n in numbers)
    assert list(parse.expand_hosts(f"node[{inside}]x")) == names
    assert list(parse.expand_hosts(",".join(names))) == names


@given(st.integers(0, 10**6), st.integers(0, 200), st.integers(0, 8))
def test_hosts_written_as_a_range_come_back(low: int, count: int, width: int) -> None:
    names = [f"n{k:0{width}}" for k in range(low, low + count + 1)]
    written = f"n[{low:0{width}}-{low + count:0{width}}]"
    assert list(parse.expand_hosts(written)) == names


# --- durations ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("printed", "seconds"),
    [
        ("0:00", 0), ("1:23", 83), ("30:00", 1800), ("2:00:00", 7200), ("1-00:00:00", 86400),
        ("90", 5400), ("2-12", 216000), ("1-1:30", 91800), ("UNLIMITED", None), ("INVALID", None),
        ("infinite", None), ("NOT_SET", None), ("", None), ("²", None), ("9" * 5000, None),
    ],
)  # fmt: skip
def test_durations(printed: str, seconds: int | None) -> None:
    assert parse.parse_duration(printed) == seconds


@given(st.integers(0, 400), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_a_duration_as_slurm_writes_it(days: int, hours: int, minutes: int, seconds: int) -> None:
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    assert parse.parse_duration(f"{days}-{hours:02}:{minutes:02}:{seconds:02}") == total
    assert parse.parse_duration(f"{hours}:{minutes:02}:{seconds:02}") == total - days * 86400


# --- the id that sbatch prints --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("printed", "job_id"),
    [
        ("1234\n", "1234"),
        ("1234;frontier\n", "1234"),
        ("Welcome to X\n********\n1234\n", "1234"),
        ("1234\nYou have 3 GPU hours left\n", "1234"),
        ("Submitted batch job 1234\n", None),
        ("", None),
        ("12 34\n", None),
        ("-5\n", None),
        ("١٢٣٤\n", None),
    ],
)
def test_job_ids(printed: str, job_id: str | None) -> None:
    assert parse.parse_job_id(printed) == job_id


# --- squeue and sacct -----------------------------------------------------------------------------


def record(**fields: str) -> str:
    row = dict.fromkeys(QUEUE_FIELDS, "") | {"id": "1", "state": "RUNNING"} | fields
    return RECORD + "".join(row[name] + FIELD for name in QUEUE_FIELDS) + "\n"


def test_a_queue() -> None:
    printed = record(
        id="17520966",
        state="PENDING",
        reason="ReqNodeNotAvail, UnavailableNodes:gnode20",
        partition="gpu-invest",
        limit="1-00:00:00",
        start="1795363200",
        end="N/A",
        submitted="1795276800",
        gres="gres:gpu:h100:1",
        account="job_gpu",
        name="train|a,b",
    ) + record(id="11_[2-5%2]", state="COMPLETED", nodes="(null)")
    jobs, bad = parse.parse_queue(printed)
    assert (list(jobs), bad) == (["17520966", "11_[2-5%2]"], 0)
    job = jobs["17520966"]
    assert (job.phase, job.time_limit, job.start, job.end) == ("pending", 86400, 1795363200, None)
    assert (job.name, job.account, job.gres) == ("train|a,b", "job_gpu", "gres:gpu:h100:1")
    assert job.reason == "ReqNodeNotAvail, UnavailableNodes:gnode20"
    assert jobs["11_[2-5%2]"].phase == "ended"
    assert jobs["11_[2-5%2]"].nodes == ""


@pytest.mark.parametrize(
    "name", ["a\nb", "a\n\n7", "\x85\u2028", FIELD, "a" + RECORD + "x", RECORD, "  "]
)
def test_a_name_may_hold_anything(name: str) -> None:
    jobs, bad = parse.parse_queue(record(id="1", name=name) + record(id="2"))
    assert ([*jobs], bad, jobs["1"].name) == (["1", "2"], 0, name)


def test_an_answer_cut_anywhere_is_never_taken_for_a_whole_one() -> None:
    whole = record(id="1") + record(id="2", name="x" * 5)
    boundary = len(record(id="1"))
    for end in range(1, len(whole)):
        jobs, bad = parse.parse_queue(whole[:end])
        assert bad or end == boundary
        assert set(jobs) <= {"1", "2"}


@pytest.mark.parametrize(
    "noise", ["slurm_load_jobs error: Socket timed out\n", "\ufffd\ufffd", "{}"]
)
def test_noise_before_the_records_is_counted(noise: str) -> None:
    jobs, bad = parse.parse_queue(noise + record(id="1"))
    assert (list(jobs), bad) == (["1"], 1)


def test_an_empty_queue_is_whole() -> None:
    assert parse.parse_queue("") == ({}, 0)
    assert parse.parse_queue("\n") == ({}, 0)


def history(**fields: str) -> str:
    row = dict.fromkeys(HISTORY_FIELDS, "") | fields
    return FIELD.join(row[name] for name in HISTORY_FIELDS) + "\n"


@pytest.mark.parametrize(
    ("printed", "state", "reason"),
    [
        ("CANCELLED by 33813", "CANCELLED", "by uid 33813"),
        ("TIMEOUT", "TIMEOUT", ""),
        ("NODE_FAIL", "NODE_FAIL", ""),
        ("REQUEUED", "REQUEUED", ""),
        ("CANCELLED+", "CANCELLED", ""),
    ],
)
def test_history(printed: str, state: str, reason: str) -> None:
    line = history(JobIDRaw="7", State=printed, ExitCode="0:15", End="1795276800", Reason="None")
    (job,) = parse.parse_history(line).values()
    assert (job.state, job.reason, job.exit_code, job.end) == (state, reason, "0:15", 1795276800)


def test_a_job_that_never_ran_has_no_node() -> None:
    # Seen with Slurm 22.05, of a job that was cancelled while it waited.
    line = history(JobIDRaw="7", State="CANCELLED by 1001", NodeList="None assigned")
    (job,) = parse.parse_history(line).values()
    assert job.nodes == ""


def test_history_of_a_name_with_line_breaks() -> None:
    lines = history(JobIDRaw="7", State="FAILED", JobName="a\nb") + history(JobIDRaw="8", State="X")
    assert list(parse.parse_history(lines)) == ["7", "8"]


def test_no_accounting_is_no_history() -> None:
    assert parse.parse_history("Slurm accounting storage is disabled\n") == {}


# --- whatever comes -------------------------------------------------------------------------------


@given(text)
def test_any_text_has_a_value(printed: str) -> None:
    job_id = parse.parse_job_id(printed)
    assert job_id is None or (job_id.isascii() and job_id.isdigit())
    jobs, bad = parse.parse_queue(printed)
    assert jobs or bad or not printed.strip()
    parse.parse_history(printed)
    parse.parse_seconds(printed)
    duration = parse.parse_duration(printed)
    assert duration is None or duration >= 0
    assert all(found.count >= 0 for found in parse.parse_gpus(printed))
    assert len(parse.expand_hosts(printed)) <= parse.HOST_LIMIT
    parse.parse_estimate(printed)


@given(text)
def test_splitting_loses_nothing_but_separators(printed: str) -> None:
    assert "".join(parse.split_outside(printed)).replace(",", "") == printed.replace(",", "")


@given(st.lists(st.tuples(st.integers(0, 10**9), text.filter(lambda t: RECORD not in t))))
def test_a_queue_written_comes_back(rows: list[tuple[int, str]]) -> None:
    printed = "".join(record(id=str(number), name=name) for number, name in rows)
    jobs, bad = parse.parse_queue(printed)
    assert bad == 0
    assert {job.id: job.name for job in jobs.values()} == {str(n): name for n, name in rows}
