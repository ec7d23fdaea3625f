"""What all runs of this process share: the thread, Slurm, the run directories, the watcher."""

from __future__ import annotations

import atexit
import contextlib
import threading
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..errors import KernelkitError
from ..files import explained, write_file
from ..names import label
from ..site import Site, load_site
from ..slurm.client import Slurm
from ..slurm.watcher import Watcher
from .background import Background
from .control import ControlSettings, JobControl
from .housekeeping import clean_beside
from .keeper import Keeper
from .making import make_run
from .news import Listener, NewsBoard, RunNews
from .opening import opened
from .options import RunOptions
from .pace import Pace
from .records import Run
from .relay import Relay
from .runs import Runs
from .servers import this_server
from .wire import WirePlan, check_node_python, forwarder_words


class Desk:
    """One a process; everything in it is used from its background thread only, but `background`."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.background = Background()
        self.slurm = Slurm()
        self.runs = Runs(site.run_dir)
        settings = ControlSettings(
            interface=site.run_interface,
            network=site.run_network,
            gpu_interval=site.gpu_use_interval,
        )
        self.watcher = Watcher(self.slurm, floor=site.queue_interval)
        self.control = JobControl(self.slurm, self.runs, settings)
        self.news = NewsBoard()
        self._pace = Pace()
        self._keepers: weakref.WeakSet[Keeper] = weakref.WeakSet()
        self._at_exit: weakref.WeakSet[Keeper] = weakref.WeakSet()
        atexit.register(self._exit)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Hear all news of this process's runs; see NewsBoard.listen. From any thread."""
        return self.news.listen(listener)

    def snapshot(self) -> tuple[RunNews, ...]:
        """The present news of this process's runs; from any thread."""
        return self.news.snapshot()

    def make_run(
        self,
        kernel_spec: Any,
        kernel_id: str,
        seed: Mapping[str, Any],
        options: RunOptions,
        cwd: str,
        environment: Mapping[str, str],
        with_client: bool,
    ) -> Run:
        """A new run on disk; nothing is submitted yet. Raises KernelkitError, and leaves nothing:
        NotPermitted where its forwarder has no Python any more."""
        if options.wire == "forwarder" and not options.pump:
            check_node_python(self.site.node_python)
        run = make_run(
            self.runs,
            kernel_name=Path(kernel_spec.resource_dir).name,
            kernel_dir=Path(kernel_spec.resource_dir),
            kernel_id=kernel_id,
            connection=seed,
            server=this_server(),
            resources=options.resources,
            display_name=label(kernel_spec.display_name),
            cwd=cwd,
            variables=_variables(environment, options),
            picks_ports=options.picks_ports,
            lease=options.lease,
            keep=options.keep,
            wait=options.wait,
            gpus=options.gpus,
            idle=options.idle,
            with_client=with_client,
        )
        if options.wire == "forwarder":
            try:
                self._put_forwarder(run.id, options)
            except KernelkitError:
                self.runs.remove(run.id)
                raise
        return run

    def keeper_of(self, run: Run, seed: Mapping[str, Any], relay: Relay) -> Keeper:
        """The attendant of a run, which is to submit it or to take it over."""
        keeper = Keeper(
            run,
            self.runs,
            self.control,
            relay,
            seed,
            watcher=self.watcher,
            pace=self._pace,
            start_timeout=self.site.start_timeout,
            tell=self.news.publish,
            warn_in_output=self.site.warn_in_output,
        )
        self._keepers.add(keeper)
        return keeper

    def _put_forwarder(self, run_id: str, options: RunOptions) -> None:
        # A copy in the run's directory: the node need not see where kernelkit is installed.
        directory = self.runs.directory(run_id)
        path = directory / "forwarder.py"
        source = Path(__file__).with_name("forwarder.py")
        with explained(path, "Making a run"):
            write_file(path, source.read_bytes(), 0o600)
        plan = WirePlan("forwarder", "", options.pump, options.loopback)
        own = "" if options.pump else self.site.node_python
        words = forwarder_words(plan, own_python=own, forwarder=str(path), run=str(directory))
        self.runs.set_forwarder(run_id, words)

    def end_at_exit(self, keeper: Keeper) -> None:
        """End a run with this process at the latest, as a local kernel ends with its parent."""
        self._at_exit.add(keeper)

    def _exit(self) -> None:
        # No thread can be started any more, so nothing here is asynchronous.
        for keeper in self._at_exit:
            if not (keeper.state.final or keeper.run.keep):
                with contextlib.suppress(KernelkitError, OSError):
                    self.control.end_now(keeper.run.id)

    async def leave_kept(self) -> None:
        """Leave the runs that are to live without a server, before it ends all its kernels."""
        for keeper in list(self._keepers):
            if keeper.run.keep and not keeper.state.final:
                await self.background.call(keeper.leave())

    async def end(self, keeper: Keeper, reason: str) -> None:
        """End a run."""
        await keeper.end(reason)


def _variables(environment: Mapping[str, str], options: RunOptions) -> dict[str, str]:
    """What of the server's environment goes to the node: what Jupyter itself set for the kernel,
    and the variables that the recipe passes through."""
    return {
        name: value
        for name, value in environment.items()
        if name.startswith("JPY_") or name in options.env_passthrough
    }


_lock = threading.Lock()
_desk: Desk | None = None


def desk() -> Desk:
    """This process's desk; reads the site's settings the first time."""
    global _desk
    with _lock:
        if _desk is None:
            _desk = Desk(load_site())
            opened(_desk)
            clean_beside(_desk.runs, _desk.site.run_days)
        return _desk
