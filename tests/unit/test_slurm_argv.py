"""A request on sbatch's command line: complete, and nothing in it can become something else."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernelkit.errors import InvalidName, KernelkitError, UsageError
from kernelkit.model import Resources
from kernelkit.names import printable
from kernelkit.slurm import argv

WORDS = ("partition", "gres", "account", "qos", "constraint", "reservation")
TEXTS = (*WORDS, "time", "mem", "mem_per_cpu", "mem_per_gpu")

ATTACKS = (
    "gpu\n#SBATCH --wrap=id",
    "gpu\n",
    "\ngpu",
    "-gpu",
    "--wrap=id",
    "gpu --wrap=id",
    "gpu;id",
    "$(id)",
    "`id`",
    "gpu\0",
    "gpu\x1b[31m",
    "gpu\u2028",
    "gpu\u202e",
    "g'pu",
    'g"pu',
    "g\\pu",
    "gpu>x",
    "２",
    "",
    " ",
    "a" * 300,
)


def submit(resources: Resources, **changes: str) -> list[str]:
    given = {"job_name": "kernelkit-0123456789ab", "log": "/runs/x/log", "directory": "/runs/x"}
    return argv.submit_argv(resources, **(given | changes))


def test_a_whole_request() -> None:
    resources = Resources(
        partition="gpu,gpu-long", gres="gpu:nvidia_h100_80gb_hbm3_4g.40gb:2,nvme:100", time="1-02",
        mem_per_gpu="64G", cpus=8, nodes=2, ntasks=4, account="project_2001659", qos="normal",
        constraint="[rack1*2&rack2*4]", reservation="course.2026", extra=("--exclusive",),
    )  # fmt: skip
    assert submit(resources) == [
        "sbatch", "--parsable", "--no-requeue", "--export=ALL",
        "--job-name=kernelkit-0123456789ab", "--output=/runs/x/log", "--open-mode=append",
        "--chdir=/runs/x", "--partition=gpu,gpu-long",
        "--gres=gpu:nvidia_h100_80gb_hbm3_4g.40gb:2,nvme:100", "--account=project_2001659",
        "--qos=normal", "--constraint=[rack1*2&rack2*4]", "--reservation=course.2026",
        "--time=1-02", "--mem-per-gpu=64G", "--cpus-per-task=8", "--nodes=2", "--ntasks=4",
        "--exclusive",
    ]  # fmt: skip


def test_nothing_asked_is_one_task_on_one_node() -> None:
    assert submit(Resources())[-2:] == ["--nodes=1", "--ntasks=1"]
    assert submit(Resources(nodes=3))[-2:] == ["--nodes=3", "--ntasks=3"]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("key", TEXTS)
def test_no_value_becomes_anything_else(key: str, attack: str) -> None:
    with pytest.raises(InvalidName) as caught:
        submit(Resources(**{key: attack}))  # type: ignore[arg-type]
    assert printable(caught.value.message) == caught.value.message


@pytest.mark.parametrize("attack", [a for a in ATTACKS if a not in ("２",)])
def test_no_job_name_or_id_becomes_anything_else(attack: str) -> None:
    if attack not in ("-gpu", "--wrap=id"):  # harmless behind `--job-name=`
        with pytest.raises(InvalidName):
            submit(Resources(), job_name=attack)
    for build in (argv.cancel_argv, argv.queue_argv, argv.history_argv):
        with pytest.raises(InvalidName):
            build([attack])
    with pytest.raises(InvalidName):
        argv.signal_argv(attack, "USR1")


@pytest.mark.parametrize("entry", [
    "--wrap=id", "--wrap", "--wra=id", "--w=id", "--output=/tmp/x", "--out=/tmp/x", "--job=x",
    "--export=NONE", "--exp=NONE", "--export-f=x", "--get-user-env=L", "--get", "--array=1-9",
    "--arr=1-9", "--requeue", "--req", "--test-only", "--signal=9", "--chdir=/", "--uid=0",
    "--help", "--version", "--clusters=other", "--error=/tmp/x", "--in=/etc/passwd", "--quiet",
    "--wait", "--parsable", "--open-mode=truncate", "--usage",
])  # fmt: skip
def test_what_is_ours_is_not_set_by_extra_options(entry: str) -> None:
    with pytest.raises(UsageError):
        submit(Resources(extra=(entry,)))


@pytest.mark.parametrize("entry", [
    "-o", "-o/tmp/x", "-J", "-H", "id", "/tmp/script", "--", "-", "", "--comment=a\nb",
    "--comment=a\0", "--comment a", "--Comment=a", "--x=\r", " --comment=a", "-wrap=id",
])  # fmt: skip
def test_an_extra_option_is_one_long_option(entry: str) -> None:
    with pytest.raises(InvalidName):
        submit(Resources(extra=(entry,)))


@pytest.mark.parametrize("entry", [
    "--exclusive", "--comment=a b; $(id)", "--licenses=matlab:2", "--mail-type=END", "--nice=100",
    "--gpus-per-node=2", "--wait-all-nodes=1", "--hint=nomultithread", "--exclude=n[1-3]",
    "--dependency=afterok:17", "--no-kill", "--switches=1@10", "--tmp=10G",
])  # fmt: skip
def test_the_sites_own_options_pass_as_they_are(entry: str) -> None:
    assert submit(Resources(extra=(entry,)))[-1] == entry


@pytest.mark.parametrize("time", [
    "90", "90:00", "2:00:00", "1-0", "1-00:30", "1-00:00:00", "UNLIMITED",
])  # fmt: skip
def test_time_limits(time: str) -> None:
    assert f"--time={time}" in submit(Resources(time=time))


@pytest.mark.parametrize("time", ["1:2:3:4", "1d", "2h", "1-", "-1", ":30", "1.5", "1:234", "soon"])
def test_no_time_limits(time: str) -> None:
    with pytest.raises(InvalidName, match="time limit"):
        submit(Resources(time=time))


def test_memory_is_said_once() -> None:
    with pytest.raises(UsageError, match="exclude one another"):
        submit(Resources(mem="1G", mem_per_cpu="1G"))
    for wrong in ("1 G", "1GB", "1.5G", "G", "-1G"):
        with pytest.raises(InvalidName, match="memory"):
            submit(Resources(mem=wrong))


@pytest.mark.parametrize("constraint", [
    "a100", "a100|h100", "[rack1|rack2]", "(a100|h100)&nvlink", "rack1*2", "ib&nvme",
])  # fmt: skip
def test_constraints(constraint: str) -> None:
    assert f"--constraint={constraint}" in submit(Resources(constraint=constraint))


def test_a_log_is_a_file_and_not_a_pattern() -> None:
    assert "--output=/runs/100%%j/log" in submit(Resources(), log="/runs/100%j/log")
    for path in ("/runs/a\\b", "/runs/a\nb", "/runs/\0"):
        with pytest.raises(InvalidName):
            submit(Resources(), log=path)
    with pytest.raises(InvalidName):
        submit(Resources(), directory="/runs/\0")


def test_only_signals_that_the_job_understands() -> None:
    assert argv.signal_argv("17", "USR1") == ["scancel", "--batch", "--signal=USR1", "17"]
    for signal in ("KILL", "9", "USR1 18", "", "--full"):
        with pytest.raises(UsageError):
            argv.signal_argv("17", signal)


def test_one_query_for_any_number_of_jobs() -> None:
    assert [word for word in argv.queue_argv() if word in ("--me", "--all")] == ["--me", "--all"]
    assert argv.queue_argv(["1", "2"])[-1] == "--jobs=1,2"
    assert argv.history_argv(["1", "2"])[-1] == "--jobs=1,2"
    assert argv.cancel_argv(["1", "2"]) == ["scancel", "1", "2"]


anything = st.none() | st.text(max_size=30)
requests = st.builds(
    Resources,
    **dict.fromkeys(TEXTS, anything),
    extra=st.lists(st.text(max_size=20), max_size=3).map(tuple),
)


@given(requests)
def test_any_request_is_refused_or_keeps_its_shape(resources: Resources) -> None:
    try:
        words = submit(resources)
    except KernelkitError as error:
        assert printable(error.message) == error.message
        return
    assert words[0] == "sbatch"
    assert all(word.startswith("--") for word in words[1:])
    assert not any(c in word for word in words for c in "\n\r\0")
    asked = sum(getattr(resources, key) is not None for key in TEXTS)
    assert len(words) == 8 + asked + 2 + len(resources.extra)


@given(st.from_regex(argv._EXTRA, fullmatch=True))
def test_an_option_of_ours_is_refused_under_every_beginning(entry: str) -> None:
    option = entry.partition("=")[0]
    if any(ours.startswith(option) for ours in argv._OURS):
        with pytest.raises(UsageError):
            argv.check_resources(Resources(extra=(entry,)))
    else:
        argv.check_resources(Resources(extra=(entry,)))


def test_a_request_from_json_is_checked_too() -> None:
    sent = msgspec.json.decode(b'{"partition": "a\\nb"}', type=Resources)
    with pytest.raises(InvalidName):
        argv.check_resources(sent)
