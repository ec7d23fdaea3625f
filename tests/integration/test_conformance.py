"""jupyter_kernel_test's conformance suite, through launch.sh."""

from __future__ import annotations

import unittest

import jupyter_kernel_test
import pytest
from machine import Kernelkit, Machine, Need


class Python:
    """What the suite asks of any Python kernel, and how it is installed."""

    command: tuple[str, ...]
    needs: tuple[str, ...]
    system = "lmod"
    kernel_name = "conformance"
    language_name = "python"
    file_extension = ".py"
    code_hello_world = "print('hello, world')"
    code_stderr = "import sys; print('test', file=sys.stderr)"
    completion_samples = [{"text": "zi", "matches": {"zip"}}]
    complete_code_samples = ["1", "print('hello, world')", "def f(x):\n  return x*2\n\n\n"]
    incomplete_code_samples = ["print('''hello", "def f(x):\n  x*2"]
    invalid_code_samples = ["import = 7q"]
    code_page_something = "zip?"
    code_generate_error = "raise"
    code_execute_result = [
        {"code": "1+2+3", "result": "6"},
        {"code": "[n*n for n in range(1, 4)]", "result": "[1, 4, 9]"},
    ]
    code_display_data = [
        {
            "code": "from IPython.display import HTML, display; display(HTML('<b>test</b>'))",
            "mime": "text/html",
        }
    ]
    # Not `range`: IPython calls the present session 0, which the suite does not expect.
    supported_history_operations = ("tail", "search")
    code_history_pattern = "1?2*"
    code_inspect_sample = "zip"
    code_clear_output = "from IPython.display import clear_output; clear_output()"


class OfModule(Python):
    command = ("install", "python/3.11", "--as", "conformance", "--no-test")
    needs = ("lmod", "modules", "python")


class OfImage(Python):
    command = ("install", "{images}/demo.sif", "--as", "conformance", "--no-test")
    needs = ("apptainer", "image-demo")
    system = "apptainer"


@pytest.mark.parametrize("kind", [OfModule, OfImage])
def test_conformance(
    kind: type[Python], machine: Machine, need: Need, kernelkit: Kernelkit
) -> None:
    need(*kind.needs)
    machine.configure(kind.system)
    kernelkit(*machine.words(kind.command))
    # One class for the whole suite: it starts its kernel once, by name.
    suite_class = type(f"Conformance{kind.__name__}", (kind, jupyter_kernel_test.KernelTests), {})
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(suite_class)
    result = unittest.TestResult()
    suite.run(result)
    problems = [f"{test}:\n{text}" for test, text in (*result.failures, *result.errors)]
    assert not problems, "\n".join(problems)
    assert {why for _, why in result.skipped} <= {"History range not supported"}
    assert result.testsRun >= 11
