"""A client of the mlbench-hpo service: trials evaluated by your own Python program, wherever it runs.

One file, nothing but the standard library, Python 3.9 and later. Copy it beside your script, or ``pip install`` the folder.

    import mlbench_hpo as hpo

    def objective(trial):
        lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
        model = Model(lr)
        for epoch in range(1, 31):
            loss = model.train_one_epoch()
            trial.report(loss, epoch)
            if trial.should_prune():
                raise hpo.TrialPruned()
        return loss

    study = hpo.create_study("tuning", {"lr": hpo.real(1e-5, 1e-1, log=True)})
    study.optimize(objective, n_trials=50)
    print(study.best_params, study.best_value)

Where the service is, and the token, come from the arguments or from the environment: ``MLBENCH_HPO_URL`` (the URL that
``mlbench-hpo serve`` printed, ``#token=...`` included, will do) and ``MLBENCH_HPO_TOKEN``.

A trial is yours for the time of its lease, which this client renews in the background. Requests are repeated, each with the
same meaning, while the service restarts: nothing is handed out or counted twice. A trial whose program dies goes to the
next one that asks.
"""

from __future__ import annotations

import http.client
import json
import logging
import math
import operator
import os
import random
import socket
import ssl
import threading
import time
import uuid
import weakref
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, BinaryIO, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Type, Union
from urllib.parse import parse_qs, quote, urlencode, urlsplit

__version__ = "0.1.0"
__all__ = [
    "Client",
    "HpoError",
    "LeaseLost",
    "NothingToHandOut",
    "RunFinished",
    "ServiceUnavailable",
    "Study",
    "Trial",
    "TrialPruned",
    "TrialRecord",
    "choice",
    "connect",
    "create_study",
    "integer",
    "load_study",
    "real",
]

log = logging.getLogger("mlbench_hpo")

ParamValue = Union[float, int, str, bool, None]
Distribution = Dict[str, Any]
Value = Union[float, Sequence[float]]

_API = "/api/v1"
_JSON = "application/json"
# Refused for a moment: restarting, busy, too many requests, a full disk.
_PASSING = frozenset({408, 425, 429, 502, 503, 504, 507})


class HpoError(Exception):
    """What the service refused: ``code`` is stable, ``detail`` one line for people, ``status`` HTTP's."""

    def __init__(self, code: str, detail: str, status: int = 0) -> None:
        super().__init__(f"{detail} ({code})")
        self.code = code
        self.detail = detail
        self.status = status


class LeaseLost(HpoError):
    """The trial is not yours any more: its lease ended, or it was ended under another one. Drop the work on it."""


class RunFinished(HpoError):
    """The study's run has met its goal, or was ended: nothing is handed out until the next one is started."""


class NothingToHandOut(HpoError):
    """No trial within the time to wait: the run is paused or stopping, or every trial of its goal is under way."""


class ServiceUnavailable(HpoError):
    """The service could not be reached, or was busy, for as long as the client goes on trying."""


class TrialPruned(Exception):
    """Raise it in an objective to end its trial as pruned."""


def real(low: float, high: float, *, log: bool = False, step: Optional[float] = None) -> Distribution:
    """A number between ``low`` and ``high``, both included; ``log`` draws it evenly over magnitudes."""
    return {"type": "float", "low": float(low), "high": float(high), "log": log, "step": step}


def integer(low: int, high: int, *, log: bool = False, step: int = 1) -> Distribution:
    """A whole number between ``low`` and ``high``, both included."""
    return {"type": "int", "low": int(low), "high": int(high), "log": log, "step": int(step)}


def choice(choices: Sequence[ParamValue]) -> Distribution:
    """One of these."""
    return {"type": "categorical", "choices": list(choices)}


def _encoded(value: Any) -> Any:
    """JSON-like data with the numbers that JSON has no word for as texts, and NumPy's numbers as plain ones."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {str(key): _encoded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encoded(item) for item in value]
    item = getattr(value, "item", None)
    if callable(item):
        return _encoded(item())
    return value


def _number(value: Any) -> float:
    return float(value)


def _numbers(values: Mapping[str, Any]) -> Dict[str, Any]:
    return {str(name): _encoded(float(value)) for name, value in values.items()}


class Client:
    """The line to one service: a connection a thread, and requests that are repeated while the service is away."""

    def __init__(
        self,
        url: Optional[str] = None,
        *,
        token: Optional[str] = None,
        retry_seconds: float = 300.0,
        timeout: float = 60.0,
        cafile: Optional[str] = None,
    ) -> None:
        """
        :param url: the service's, a path before ``/api/v1`` and ``#token=TOKEN`` included. Default: ``MLBENCH_HPO_URL``
        :param token: Default: the URL's, then ``MLBENCH_HPO_TOKEN``
        :param retry_seconds: how long to go on trying where the service cannot be reached
        :param timeout: seconds that one answer may take
        :param cafile: certificates of the authorities to believe, PEM, in place of the system's. Default: what
            ``SSL_CERT_FILE`` names, else the system's
        :raises ValueError: for what is no URL, and for a ``cafile`` that holds no certificates
        """
        given = url or os.environ.get("MLBENCH_HPO_URL")
        if not given:
            raise ValueError("give the service's URL, or set MLBENCH_HPO_URL")
        parts = urlsplit(given)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{given.split('#')[0]}: expected a URL such as http://127.0.0.1:7070")
        in_url = parse_qs(parts.fragment).get("token", [None])[0]
        self._token = token or in_url or os.environ.get("MLBENCH_HPO_TOKEN")
        self._host = parts.hostname
        self._port = parts.port
        self._prefix = parts.path.rstrip("/")
        self._tls = self._context(cafile) if parts.scheme == "https" else None
        self._timeout = timeout
        self._retry_seconds = retry_seconds
        self._local = threading.local()
        where = f"[{self._host}]" if ":" in self._host else self._host
        self.url = f"{parts.scheme}://{where}{'' if self._port is None else f':{self._port}'}{self._prefix}"

    def __repr__(self) -> str:
        return f"Client({self.url!r})"

    @staticmethod
    def _context(cafile: Optional[str]) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=cafile)
        except OSError as error:
            raise ValueError(f"cafile {cafile}: cannot be read as certificates in PEM ({error})") from error

    def _raise_lasting(self, error: ssl.SSLError) -> None:
        """Raises for what is the same the next time."""
        if isinstance(error, ssl.SSLCertVerificationError):
            why = error.verify_message or str(error)
            detail = f"{self.url}: its certificate is not trusted ({why}); cafile=FILE or SSL_CERT_FILE=FILE names, in PEM, "
            raise HpoError("invalid-certificate", f"{detail}the authority that signed it") from error
        if error.reason == "WRONG_VERSION_NUMBER":
            raise HpoError("no-tls", f"{self.url}: it speaks no TLS: try http://") from error

    def study(self, name: str) -> Study:
        """The study of that name; whether there is one is found out by whatever is asked of it first."""
        return Study(self, name)

    def studies(self) -> List[str]:
        """The names of the service's studies."""
        return [entry["name"] for entry in self.request("GET", "/studies")["studies"]]

    def create_study(
        self,
        name: str,
        space: Optional[Mapping[str, Distribution]] = None,
        *,
        direction: Optional[str] = None,
        objectives: Optional[Sequence[Mapping[str, str]]] = None,
        sampler: Union[str, Mapping[str, Any], None] = None,
        pruner: Union[str, Mapping[str, Any], None] = None,
        **more: Any,
    ) -> Study:
        """Makes a study, or finds the one of that name where it has the same settings.

        :param space: distributions by name, of :func:`real`, :func:`integer` and :func:`choice`
        :param direction: ``minimize`` (the default) or ``maximize``, for one objective
        :param objectives: ``[{"metric": "loss", "direction": "minimize"}, ...]``
        :param more: whatever else ``POST /studies`` takes, such as ``seed`` or ``on_nan``
        :raises HpoError: ``study-exists`` where it is there with other settings
        """
        named = {"space": space, "direction": direction, "objectives": objectives, "sampler": sampler, "pruner": pruner}
        body = {"name": name, **{key: value for key, value in named.items() if value is not None}, **more}
        self.request("POST", "/studies", body)
        return Study(self, name)

    def request(
        self,
        method: str,
        path: str,
        body: Optional[Mapping[str, Any]] = None,
        *,
        headers: Optional[Mapping[str, str]] = None,
        source: Optional[Callable[[], Tuple[BinaryIO, int]]] = None,
        retry_seconds: Optional[float] = None,
    ) -> Any:
        """One request under ``/api/v1``, repeated while the service is away; the answer's JSON, None where it is empty.

        Only for requests that mean the same when they are sent twice, as all of this client's do.
        """
        data = None if body is None else json.dumps(_encoded(body), allow_nan=False).encode()
        deadline = time.monotonic() + (self._retry_seconds if retry_seconds is None else retry_seconds)
        pause = 0.1
        while True:
            try:
                status, retry_after, text = self._send(method, path, data, headers or {}, source)
                trouble = f"the service answers {status}"
            except (OSError, http.client.HTTPException) as error:
                if isinstance(error, ssl.SSLError):
                    self._raise_lasting(error)
                status, retry_after, text = 0, 0.0, b""
                trouble = f"{type(error).__name__}: {error}"
            if status and status not in _PASSING:
                return self._answer(status, text)
            sleep = max(retry_after, pause * (0.5 + random.random()))
            if time.monotonic() + sleep > deadline:
                code = self._problem(status, text).code if status else "unreachable"
                raise ServiceUnavailable(code, f"{method} {self.url}{_API}{path}: {trouble}", status)
            log.debug("%s %s: %s; again in %.1f s", method, path, trouble, sleep)
            time.sleep(sleep)
            pause = min(5.0, pause * 2)

    def _send(
        self,
        method: str,
        path: str,
        data: Optional[bytes],
        headers: Mapping[str, str],
        source: Optional[Callable[[], Tuple[BinaryIO, int]]],
    ) -> Tuple[int, float, bytes]:
        sent = {"Accept": _JSON, "User-Agent": f"mlbench-hpo-python/{__version__}", **headers}
        if self._token:
            sent["Authorization"] = f"Bearer {self._token}"
        connection, fresh = self._connection()
        try:
            return self._exchange(connection, method, path, data, sent, source)
        except (ConnectionError, http.client.RemoteDisconnected, http.client.CannotSendRequest):
            connection.close()
            self._local.connection = None
            # A connection that stood open may have been closed by the other side just then.
            if fresh:
                raise
            return self._exchange(self._connection()[0], method, path, data, sent, source)
        except BaseException:
            connection.close()
            self._local.connection = None
            raise

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        data: Optional[bytes],
        headers: Dict[str, str],
        source: Optional[Callable[[], Tuple[BinaryIO, int]]],
    ) -> Tuple[int, float, bytes]:
        url = f"{self._prefix}{_API}{path}"
        if source is not None:
            stream, size = source()
            with stream:
                sent = {**headers, "Content-Type": "application/octet-stream", "Content-Length": str(size)}
                connection.request(method, url, body=stream, headers=sent)
        elif data is not None:
            connection.request(method, url, body=data, headers={**headers, "Content-Type": _JSON})
        else:
            connection.request(method, url, headers=headers)
        response = connection.getresponse()
        text = response.read()
        retry_after = response.getheader("Retry-After") or ""
        return response.status, float(retry_after) if retry_after.isdigit() else 0.0, text

    def _connection(self) -> Tuple[http.client.HTTPConnection, bool]:
        """This thread's, and whether it is a new one."""
        there: Optional[http.client.HTTPConnection] = getattr(self._local, "connection", None)
        if there is not None and getattr(self._local, "pid", None) == os.getpid():
            return there, False
        if self._tls is None:
            made = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        else:
            made = http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=self._tls)
        self._local.connection = made
        self._local.pid = os.getpid()
        return made, True

    def _answer(self, status: int, text: bytes) -> Any:
        if status == 204 or (status < 300 and not text):
            return None
        if status >= 300:
            raise self._problem(status, text)
        return json.loads(text)

    def _problem(self, status: int, text: bytes) -> HpoError:
        try:
            given = json.loads(text)
            code, detail = str(given["code"]), str(given["detail"])
        except (ValueError, KeyError, TypeError):
            code, detail = "no-service", f"{self.url} answers {status}, and not as this service does"
        kind: Type[HpoError] = {"lease-lost": LeaseLost, "run-finished": RunFinished}.get(code, HpoError)
        return kind(code, detail, status)


@dataclass(frozen=True)
class TrialRecord:
    """A trial as the study keeps it."""

    number: int
    #: ``waiting``, ``running``, ``complete``, ``pruned`` or ``failed``.
    state: str
    params: Dict[str, ParamValue]
    #: One an objective; None unless complete.
    values: Optional[List[float]]
    #: ``(step, value)`` in order.
    intermediate: List[Tuple[int, float]]
    user_attrs: Dict[str, Any]
    #: The whole record, under the names of the API.
    record: Dict[str, Any]

    @property
    def value(self) -> Optional[float]:
        """Of the first objective; None unless complete."""
        return None if self.values is None else self.values[0]


def _record(given: Dict[str, Any]) -> TrialRecord:
    values = given["values"]
    return TrialRecord(
        number=given["number"],
        state=given["state"],
        params=given["params"],
        values=None if values is None else [_number(value) for value in values],
        intermediate=[(int(step), _number(value)) for step, value in given["intermediate"]],
        user_attrs=given["user_attrs"],
        record=given,
    )


class Study:
    """A study of a service, for whoever evaluates its trials."""

    def __init__(self, url: Union[str, Client, None], name: str, *, token: Optional[str] = None) -> None:
        """
        :param url: the service's (see :class:`Client`), or a client that is there already
        """
        self.client = url if isinstance(url, Client) else Client(url, token=token)
        self.name = name
        self._path = f"/studies/{quote(name, safe='')}"
        self._space: Optional[Dict[str, Distribution]] = None

    def __repr__(self) -> str:
        return f"Study({self.client.url!r}, {self.name!r})"

    def ask(
        self, *, worker: Optional[str] = None, lease_seconds: float = 300.0, wait_seconds: float = 0.0
    ) -> Trial:
        """Takes a trial. It is yours until it is told, and for ``lease_seconds`` after this program's last sign of life.

        :param worker: who asks, for people. Default: this host's name and process
        :param wait_seconds: how long to wait, at most 30, where there is nothing to hand out
        :raises NothingToHandOut: within that time
        :raises RunFinished: the study's run has met its goal
        """
        body = {
            "worker": worker or f"{socket.gethostname()}/{os.getpid()}",
            "lease_seconds": lease_seconds,
            "wait_seconds": wait_seconds,
        }
        for attempt in range(3):
            key = uuid.uuid4().hex
            try:
                given = self.client.request("POST", f"{self._path}/ask", body, headers={"Idempotency-Key": key})
            except LeaseLost:
                # The answer did not come through until the trial was another's: ask for another one.
                if attempt == 2:
                    raise
                continue
            if given is None:
                raise NothingToHandOut("nothing", f'study "{self.name}" has nothing to hand out now', 204)
            return Trial(self, given)
        raise AssertionError("unreachable")

    def optimize(
        self,
        objective: Callable[[Trial], Value],
        n_trials: Optional[int] = None,
        *,
        n_jobs: int = 1,
        timeout: Optional[float] = None,
        catch: Union[Type[Exception], Tuple[Type[Exception], ...]] = (),
        worker: Optional[str] = None,
        lease_seconds: float = 300.0,
    ) -> None:
        """Evaluates trials with ``objective``, which returns a number (several objectives: a list of them).

        :param n_trials: how many this call takes on. Default: until the study's run has met its goal, or ``timeout``
        :param n_jobs: how many at a time, each in a thread
        :param timeout: seconds after which no further trial is taken on
        :param catch: exceptions that fail their trial and nothing else; others fail it and end this call
        """
        if n_jobs < 1:
            raise ValueError(f"n_jobs must be at least 1, got {n_jobs}")
        work = _Work(self, objective, n_trials, timeout, catch, worker, lease_seconds)
        if n_jobs == 1:
            work.run()
            return
        with ThreadPoolExecutor(n_jobs, thread_name_prefix="mlbench_hpo") as pool:
            open_jobs = {pool.submit(work.run) for _ in range(n_jobs)}
            try:
                while open_jobs:
                    done, open_jobs = wait(open_jobs, return_when=FIRST_COMPLETED)
                    for job in done:
                        job.result()
            finally:
                work.over = True

    @property
    def space(self) -> Dict[str, Distribution]:
        """The declared distributions by parameter's name, as of when they were first looked at."""
        if self._space is None:
            self._space = self.client.request("GET", self._path)["space"]
        return self._space

    @property
    def trials(self) -> List[TrialRecord]:
        """All trials, by number."""
        found: List[TrialRecord] = []
        cursor: Optional[str] = None
        while True:
            query = {"limit": "1000", **({} if cursor is None else {"cursor": cursor})}
            page = self.client.request("GET", f"{self._path}/trials?{urlencode(query)}")
            found.extend(_record(one) for one in page["trials"])
            cursor = page["next"]
            if cursor is None:
                return found

    @property
    def best_trial(self) -> TrialRecord:
        """The best complete trial of a study with one objective. :raises ValueError: there is none"""
        best = self.client.request("GET", self._path)["best"]
        if best is None:
            raise ValueError(f'study "{self.name}" has no best trial: none is complete, or it has several objectives')
        return _record(self.client.request("GET", f"{self._path}/trials/{best['number']}"))

    @property
    def best_params(self) -> Dict[str, ParamValue]:
        """The parameters of :attr:`best_trial`."""
        return self.best_trial.params

    @property
    def best_value(self) -> float:
        """The value of :attr:`best_trial`."""
        value = self.best_trial.value
        assert value is not None
        return value

    def enqueue_trial(self, params: Mapping[str, ParamValue]) -> int:
        """Queues parameters to be handed out before new ones; what they leave open is drawn. The trial's number.

        Not repeated where the service is away: it would queue them twice.
        """
        given = self.client.request("POST", f"{self._path}/trials", {"params": params}, retry_seconds=0)
        return int(given["number"])


class _Work:
    """What the threads of one :meth:`Study.optimize` share."""

    def __init__(
        self,
        study: Study,
        objective: Callable[[Trial], Value],
        n_trials: Optional[int],
        timeout: Optional[float],
        catch: Union[Type[Exception], Tuple[Type[Exception], ...]],
        worker: Optional[str],
        lease_seconds: float,
    ) -> None:
        self._study = study
        self._objective = objective
        self._left = math.inf if n_trials is None else n_trials
        self._deadline = math.inf if timeout is None else time.monotonic() + timeout
        self._catch = catch
        self._asking: Dict[str, Any] = {"worker": worker, "lease_seconds": lease_seconds}
        self._lock = threading.Lock()
        self.over = False

    def run(self) -> None:
        """Takes on one trial after another."""
        while self._take():
            try:
                trial = self._ask()
            except RunFinished:
                self.over = True
                return
            if trial is None:
                return
            try:
                self._evaluate(trial)
            except LeaseLost as lost:
                log.warning("trial %d of %s is not ours any more: %s", trial.number, self._study.name, lost.detail)
            except Exception as error:
                if not isinstance(error, self._catch):
                    self.over = True
                    raise
                log.warning("trial %d of %s failed: %s", trial.number, self._study.name, error)

    def _take(self) -> bool:
        with self._lock:
            if self.over or self._left <= 0 or time.monotonic() >= self._deadline:
                return False
            self._left -= 1
            return True

    def _ask(self) -> Optional[Trial]:
        """None where the time is over before there is one."""
        while not self.over:
            left = self._deadline - time.monotonic()
            if left <= 0:
                return None
            try:
                return self._study.ask(wait_seconds=min(20.0, left), **self._asking)
            except NothingToHandOut:
                continue
        return None

    def _evaluate(self, trial: Trial) -> None:
        with trial:
            value = self._objective(trial)
            if not trial.told:
                trial.tell(value)


class Trial:
    """A trial in hand. As a context manager it is ended by whatever ends the block: pruned by :class:`TrialPruned`, failed
    by any other exception (of which it is the message)."""

    def __init__(self, study: Study, given: Mapping[str, Any]) -> None:
        self.study = study
        self.number: int = given["number"]
        #: From 1: how often the trial was handed out.
        self.attempt: int = given["attempt"]
        #: What is to be tried, by name.
        self.params: Dict[str, ParamValue] = dict(given["params"])
        #: For whatever is random in the trial.
        self.seed: int = given["seed"]
        self.lease_token: str = given["lease"]["token"]
        self.lease_seconds: float = given["lease"]["seconds"]
        #: Whether it was ended by :meth:`tell`.
        self.told = False
        self._path = f"{study._path}/trials/{self.number}"
        self._answer = "continue"
        self._lost: Optional[LeaseLost] = None
        self._attrs: Dict[str, Any] = {}
        self._constraints: Dict[str, float] = {}
        self._done = threading.Event()
        beat = threading.Thread(
            target=_beat, args=(weakref.ref(self), self._done, self.lease_seconds / 3), daemon=True,
            name=f"heartbeat of trial {self.number}",
        )  # fmt: skip
        beat.start()

    def __repr__(self) -> str:
        return f"Trial({self.number}, {self.params!r})"

    # The parameters, as declared.

    def suggest_float(
        self, name: str, low: float, high: float, *, log: bool = False, step: Optional[float] = None
    ) -> float:
        """The parameter's value. What is asked for must be what the study declares."""
        return float(self._suggested(name, real(low, high, log=log, step=step)))  # type: ignore[arg-type]

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False, step: int = 1) -> int:
        """As :meth:`suggest_float`, for a whole number."""
        return int(self._suggested(name, integer(low, high, log=log, step=step)))  # type: ignore[arg-type]

    def suggest_categorical(self, name: str, choices: Sequence[ParamValue]) -> ParamValue:
        """As :meth:`suggest_float`, for one of ``choices``."""
        return self._suggested(name, choice(choices))

    def _suggested(self, name: str, wanted: Distribution) -> ParamValue:
        declared = self.study.space.get(name)
        if declared is not None:
            differing = [key for key, value in wanted.items() if declared.get(key) != value]
            if differing:
                said = ", ".join(f"{key}={declared.get(key)!r}" for key in differing)
                asked = ", ".join(f"{key}={wanted[key]!r}" for key in differing)
                raise ValueError(f'parameter "{name}": the study declares {said}, not {asked}')
        if name in self.params:
            return self.params[name]
        if declared is not None:
            raise ValueError(f'parameter "{name}" is not active in trial {self.number}: it depends on others')
        known = ", ".join(sorted(self.study.space)) or "none"
        raise ValueError(f'parameter "{name}" is not declared by study "{self.study.name}": it has {known}')

    # What is said about it.

    def report(self, value: float, step: int, metrics: Optional[Mapping[str, float]] = None) -> None:
        """Says how it stands after ``step`` (an epoch, from 1, rising). Then ask :meth:`should_prune`.

        :param metrics: further numbers of the step
        :raises LeaseLost: somebody else may have the trial
        """
        self.report_many([(step, value)] if metrics is None else [(step, value, metrics)])

    def report_many(self, reports: Iterable[Sequence[Any]]) -> None:
        """Several reports in one request: ``(step, value)`` or ``(step, value, metrics)`` each."""
        points = []
        for step, value, *more in reports:
            point: Dict[str, Any] = {"step": operator.index(step), "value": _encoded(float(value))}
            if more:
                point["metrics"] = _numbers(more[0])
            points.append(point)
        if points:
            self._take_answer(self._say("/reports", {"reports": points}))

    def should_prune(self) -> bool:
        """Whether the trial is not worth going on with, by what was answered last; True also when it was ended meanwhile."""
        return self._answer != "continue" or self._lost is not None

    def heartbeat(self) -> None:
        """A sign of life; sent in the background by itself."""
        self._take_answer(self._say("/heartbeat", {}))

    def set_user_attr(self, key: str, value: Any) -> None:
        """Keeps JSON-like data with the trial, from :meth:`tell` on."""
        self._attrs[key] = value

    def set_constraint(self, name: str, value: float) -> None:
        """Met at 0 and below; kept from :meth:`tell` on."""
        self._constraints[name] = float(value)

    def tell(
        self,
        value: Optional[Value] = None,
        *,
        state: Optional[str] = None,
        message: Optional[str] = None,
        metrics: Optional[Mapping[str, float]] = None,
    ) -> str:
        """Ends the trial with its value (several objectives: a list), or as ``pruned`` or ``failed``. The state it ended in.

        NaN makes of it what the study's ``on_nan`` says. A value may be told after :meth:`should_prune` said so, too.
        :raises LeaseLost: somebody else may have the trial
        """
        body: Dict[str, Any] = {}
        if value is not None:
            several = isinstance(value, (list, tuple)) or (hasattr(value, "__len__") and len(value) > 0)
            if several:
                body["values"] = [_encoded(float(one)) for one in value]  # type: ignore[union-attr]
            else:
                body["value"] = _encoded(float(value))  # type: ignore[arg-type]
        elif state is None:
            raise ValueError("tell: give a value, or a state of 'pruned' or 'failed'")
        if state is not None:
            body["state"] = state
        if message is not None:
            body["message"] = message
        if metrics:
            body["metrics"] = _numbers(metrics)
        if self._constraints and state is None:
            body["constraints"] = _numbers(self._constraints)
        if self._attrs:
            body["user_attrs"] = self._attrs
        told = self._say("/tell", body)
        self.told = True
        self._done.set()
        return str(told["state"])

    def upload(self, path: Union[str, os.PathLike[str]], name: Optional[str] = None) -> Dict[str, Any]:
        """Puts a file (up to 256 MiB) with the trial's others, in place of one of that name; its size and SHA-256."""
        file = os.fspath(path)
        kept = name or os.path.basename(file)

        def opened() -> Tuple[BinaryIO, int]:
            stream = open(file, "rb")
            return stream, os.fstat(stream.fileno()).st_size

        given: Dict[str, Any] = self._guarded(
            lambda: self.study.client.request(
                "PUT", f"{self._path}/files/{quote(kept, safe='')}",
                headers={"Lease-Token": self.lease_token}, source=opened,
            )  # fmt: skip
        )
        return given

    def _say(self, what: str, body: Mapping[str, Any], retry_seconds: Optional[float] = None) -> Any:
        if self._lost is not None:
            raise self._lost
        said = {"lease": self.lease_token, **body}
        client = self.study.client
        return self._guarded(lambda: client.request("POST", self._path + what, said, retry_seconds=retry_seconds))

    def _guarded(self, request: Callable[[], Any]) -> Any:
        try:
            return request()
        except LeaseLost as lost:
            self._lost = lost
            self._done.set()
            raise

    def _take_answer(self, given: Mapping[str, Any]) -> None:
        # What was answered `prune` once stays so: the reports that follow do not make it worth going on.
        if self._answer != "stop" and given["answer"] != "continue":
            self._answer = given["answer"]

    def __enter__(self) -> Trial:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], _trace: Any) -> bool:
        self._done.set()
        if self.told or self._lost is not None:
            return isinstance(error, TrialPruned)
        if error is None:
            if self.should_prune():
                self.tell(state="pruned")
            else:
                self.tell(state="failed", message="its program ended without telling a value")
        elif isinstance(error, TrialPruned):
            self.tell(state="pruned")
            return True
        elif isinstance(error, Exception):
            self._fail(error)
        # An interrupt says nothing about the trial: it goes to the next one when its lease ends.
        return False

    def _fail(self, error: Exception) -> None:
        try:
            self.tell(state="failed", message=f"{type(error).__name__}: {error}")
        except HpoError as refused:
            # What went wrong in the block is worth more.
            log.warning("trial %d could not be told as failed: %s", self.number, refused)


def _beat(trial: weakref.ref[Trial], done: threading.Event, seconds: float) -> None:
    """Renews a trial's lease until it is told, lost, or nobody has it in hand any more."""
    while not done.wait(seconds):
        held = trial()
        if held is None:
            return
        try:
            held._take_answer(held._say("/heartbeat", {}, seconds))
        except LeaseLost:
            return
        except (HpoError, OSError) as error:
            log.debug("heartbeat of trial %d: %s", held.number, error)
        del held


def connect(url: Optional[str] = None, *, token: Optional[str] = None, **options: Any) -> Client:
    """The line to a service; see :class:`Client`."""
    return Client(url, token=token, **options)


def create_study(
    name: str,
    space: Optional[Mapping[str, Distribution]] = None,
    *,
    url: Optional[str] = None,
    token: Optional[str] = None,
    **options: Any,
) -> Study:
    """Makes a study, or finds the one that is there with the same settings; see :meth:`Client.create_study`."""
    return Client(url, token=token).create_study(name, space, **options)


def load_study(name: str, *, url: Optional[str] = None, token: Optional[str] = None) -> Study:
    """A study that is there."""
    return Study(url, name, token=token)
