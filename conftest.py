"""Rules for both halves of the test suite.

It stands at the root because a conftest inside the module would make pytest import the
module outside Odoo, which Odoo refuses.
"""

import pytest

_skipped = []


@pytest.hookimpl
def pytest_runtest_logreport(report):
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append(report)


@pytest.hookimpl
def pytest_collectreport(report):
    if report.skipped:
        _skipped.append(report)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    if _skipped and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl
def pytest_terminal_summary(terminalreporter):
    if not _skipped:
        return
    # A skipped test proves nothing, and a run that skips everything is green.
    terminalreporter.section("skipped tests fail the run", red=True)
    for report in _skipped:
        reason = report.longrepr[-1] if report.longrepr else ""
        terminalreporter.write_line(f"{report.nodeid}: {reason}")
