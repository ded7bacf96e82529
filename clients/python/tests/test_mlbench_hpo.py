"""Tests of the client against a real service: `MLBENCH_HPO_URL` says where it is, token included.

    MLBENCH_HPO_URL='http://127.0.0.1:7070#token=...' python3 -m unittest discover clients/python/tests
"""

from __future__ import annotations

import gc
import hashlib
import http.server
import json
import math
import os
import random
import sys
import tempfile
import threading
import time
import unittest
import uuid
from typing import Any, List, Optional
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import mlbench_hpo as hpo

try:
    import numpy as np
except ImportError:
    np = None  # type: ignore[assignment]

SPACE = {"x": hpo.real(-5, 5), "n": hpo.integer(1, 64, log=True), "kind": hpo.choice(["a", "b", None])}


def made(space: Any = None, **options: Any) -> hpo.Study:
    name = f"py-{uuid.uuid4().hex[:8]}"
    options = {"sampler": "random", "pruner": "nop", "seed": 1, **options}
    return hpo.create_study(name, SPACE if space is None else space, **options)


class Connecting(unittest.TestCase):
    def test_url_and_token_from_the_arguments(self) -> None:
        url, fragment = os.environ["MLBENCH_HPO_URL"].split("#")
        token = parse_qs(fragment)["token"][0]
        study = made()
        self.assertIn(study.name, hpo.connect(url, token=token).studies())
        self.assertIn(study.name, hpo.connect(f"{url}/#token={token}").studies())
        self.assertEqual(hpo.Study(url, study.name, token=token).trials, [])
        with self.assertRaises(hpo.HpoError) as refused:
            hpo.connect(url, token="wrong").studies()
        self.assertEqual((refused.exception.status, refused.exception.code), (401, "unauthorized"))
        self.assertNotIn(token, repr(study))

    def test_what_is_no_url(self) -> None:
        for url in ("127.0.0.1:7070", "ftp://host", "http://"):
            with self.assertRaises(ValueError):
                hpo.connect(url)

    def test_nobody_there(self) -> None:
        client = hpo.connect("http://127.0.0.1:9", token="t", retry_seconds=0.3)
        began = time.monotonic()
        with self.assertRaises(hpo.ServiceUnavailable):
            client.studies()
        self.assertLess(time.monotonic() - began, 5)

    def test_an_existing_study_with_the_same_settings_and_with_others(self) -> None:
        study = made(direction="minimize")
        same = hpo.create_study(study.name, SPACE, sampler="random", pruner="nop", seed=1, direction="minimize")
        self.assertEqual(same.name, study.name)
        with self.assertRaises(hpo.HpoError) as refused:
            hpo.create_study(study.name, SPACE, sampler="random", pruner="nop", seed=1, direction="maximize")
        self.assertEqual(refused.exception.code, "study-exists")


class Flaky(http.server.BaseHTTPRequestHandler):
    """Breaks off the first request, is busy at the second, answers the third."""

    seen: List[Optional[str]] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append(self.headers["Idempotency-Key"])
        if len(self.seen) == 1:
            self.close_connection = True
            return
        busy = len(self.seen) == 2
        given = {"number": 7, "attempt": 1, "params": {"x": 1}, "seed": 3, "lease": {"token": "t", "seconds": 300}}
        body = b"" if busy else json.dumps(given).encode()
        self.send_response(503 if busy else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        pass


class Restarts(unittest.TestCase):
    def test_a_request_is_sent_again_under_the_same_key(self) -> None:
        server = http.server.HTTPServer(("127.0.0.1", 0), Flaky)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            trial = hpo.Study(f"http://127.0.0.1:{server.server_port}", "s", token="t").ask()
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
        trial._done.set()
        self.assertEqual((trial.number, len(Flaky.seen), len(set(Flaky.seen))), (7, 3, 1))


class Trials(unittest.TestCase):
    def test_ask_report_tell(self) -> None:
        study = made()
        trial = study.ask(worker="me", lease_seconds=60)
        self.assertEqual((trial.number, trial.attempt), (0, 1))
        x = trial.suggest_float("x", -5, 5)
        self.assertTrue(-5 <= x <= 5)
        self.assertIsInstance(trial.suggest_int("n", 1, 64, log=True), int)
        self.assertIn(trial.suggest_categorical("kind", ["a", "b", None]), ["a", "b", None])
        trial.report(0.5, 1, {"loss": math.nan})
        trial.report_many([(2, 0.25), (3, math.inf)])
        self.assertFalse(trial.should_prune())
        trial.heartbeat()
        trial.set_user_attr("commit", {"id": "abc"})
        trial.set_constraint("size", -1)
        self.assertEqual(trial.tell(0.125, metrics={"mae": 2}), "complete")
        (record,) = study.trials
        self.assertEqual((record.state, record.value, record.values), ("complete", 0.125, [0.125]))
        self.assertEqual(record.intermediate, [(1, 0.5), (2, 0.25), (3, math.inf)])
        self.assertEqual(record.user_attrs, {"commit": {"id": "abc"}})
        self.assertEqual(record.record["worker"], "me")
        self.assertEqual(record.record["constraints"], {"size": -1})
        self.assertEqual((study.best_value, study.best_params, study.best_trial.number), (0.125, trial.params, 0))

    def test_suggestions_are_held_against_the_space(self) -> None:
        trial = made().ask()
        for wrong in (
            lambda: trial.suggest_float("x", -5, 6),
            lambda: trial.suggest_float("n", 1, 64),
            lambda: trial.suggest_int("n", 1, 64),
            lambda: trial.suggest_categorical("kind", ["a"]),
            lambda: trial.suggest_float("y", 0, 1),
        ):
            with self.assertRaises(ValueError):
                wrong()

    def test_an_exception_fails_the_trial_and_pruned_ends_it(self) -> None:
        study = made()
        with self.assertRaises(KeyError):
            with study.ask():
                raise KeyError("lost")
        with study.ask():
            raise hpo.TrialPruned()
        with study.ask():
            pass
        with study.ask() as told:
            told.tell(1)
        with self.assertRaises(KeyboardInterrupt):
            with study.ask():
                raise KeyboardInterrupt()
        self.assertEqual([t.state for t in study.trials], ["failed", "pruned", "failed", "complete", "running"])
        self.assertIn("KeyError: 'lost'", study.trials[0].record["failure"]["message"])

    def test_nan_ends_as_the_study_says(self) -> None:
        self.assertEqual(made(on_nan="prune").ask().tell(math.nan), "pruned")
        self.assertEqual(made(on_nan="worst").ask().tell(math.inf), "complete")
        self.assertEqual(made().ask().tell(math.nan), "failed")

    def test_several_objectives(self) -> None:
        objectives = [{"metric": "loss", "direction": "minimize"}, {"metric": "speed", "direction": "maximize"}]
        study = made(objectives=objectives)
        self.assertEqual(study.ask().tell([1, 2.5]), "complete")
        self.assertEqual(study.trials[0].values, [1, 2.5])
        with self.assertRaises(ValueError):
            study.best_trial
        with self.assertRaises(hpo.HpoError):
            study.ask().tell(1)

    def test_pruning(self) -> None:
        study = made(pruner={"name": "threshold", "options": {"upper": 1}})
        trial = study.ask()
        trial.report(0.5, 10)
        self.assertFalse(trial.should_prune())
        trial.report(2, 11)
        self.assertTrue(trial.should_prune())
        trial.report(0.5, 12)
        self.assertTrue(trial.should_prune())
        self.assertEqual(trial.tell(3), "complete")

    def test_files(self) -> None:
        study = made()
        trial = study.ask()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.bin")
            content = bytes(random.Random(1).getrandbits(8) for _ in range(200_000))
            with open(path, "wb") as file:
                file.write(content)
            kept = trial.upload(path)
            again = trial.upload(path, "other.bin")
        digest = hashlib.sha256(content).hexdigest()
        self.assertEqual(kept, {"name": "model.bin", "size": len(content), "sha256": digest})
        self.assertEqual(again["name"], "other.bin")

    def test_a_lost_lease(self) -> None:
        study = made()
        first = study.ask(lease_seconds=1)
        first._done.set()  # no heartbeats: as if the process had frozen
        second = study.ask(wait_seconds=0)
        self.assertEqual(second.number, 1)
        deadline = time.monotonic() + 10
        while study.trials[0].state == "running" and time.monotonic() < deadline:
            time.sleep(0.1)
        with self.assertRaises(hpo.LeaseLost):
            first.report(1, 1)
        self.assertTrue(first.should_prune())
        with self.assertRaises(hpo.LeaseLost):
            first.tell(1)

    def test_the_background_renews_the_lease_as_long_as_somebody_has_the_trial(self) -> None:
        study = made()
        trial: Optional[hpo.Trial] = study.ask(lease_seconds=1)
        time.sleep(2.2)
        self.assertEqual(study.trials[0].state, "running")
        del trial
        gc.collect()
        deadline = time.monotonic() + 10
        while study.trials[0].state == "running" and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(study.trials[0].state, "waiting")

    def test_enqueued_first(self) -> None:
        study = made()
        self.assertEqual(study.enqueue_trial({"x": 1.5}), 0)
        self.assertEqual(study.ask().params["x"], 1.5)


class Optimizing(unittest.TestCase):
    def test_many_at_a_time_and_no_more_than_asked_for(self) -> None:
        study = made()
        threads = set()

        def objective(trial: hpo.Trial) -> float:
            threads.add(threading.get_ident())
            time.sleep(0.01)
            return trial.suggest_float("x", -5, 5) ** 2

        study.optimize(objective, n_trials=12, n_jobs=4)
        self.assertEqual(len(study.trials), 12)
        self.assertGreater(len(threads), 1)
        self.assertEqual(study.best_value, min(t.value for t in study.trials if t.value is not None))

    def test_until_the_run_has_met_its_goal(self) -> None:
        study = made()
        study.client.request("POST", f"/studies/{study.name}/run", {"trials": 5})
        study.optimize(lambda trial: 1.0, n_jobs=2)
        self.assertEqual([t.state for t in study.trials], ["complete"] * 5)
        with self.assertRaises(hpo.RunFinished):
            study.ask()

    def test_exceptions_that_are_caught_and_others(self) -> None:
        study = made()

        def objective(trial: hpo.Trial) -> float:
            if trial.number == 1:
                raise ZeroDivisionError("once")
            if trial.number == 3:
                raise MemoryError("for good")
            if trial.number == 2:
                raise hpo.TrialPruned()
            return 1.0

        with self.assertRaises(MemoryError):
            study.optimize(objective, n_trials=10, catch=ZeroDivisionError)
        self.assertEqual([t.state for t in study.trials], ["complete", "failed", "pruned", "failed"])

    def test_a_limit_of_time(self) -> None:
        study = made()
        study.optimize(lambda trial: time.sleep(0.05) or 1.0, timeout=0.3)
        self.assertTrue(1 <= len(study.trials) <= 7)


def ridge_cv(x: Any, y: Any, alpha: float, degree: int) -> List[float]:
    """Errors of ridge regression on powers of x, over five folds."""
    powers = np.vander(x, degree + 1)
    errors = []
    for fold in range(5):
        held = np.arange(len(x)) % 5 == fold
        a, b = powers[~held], y[~held]
        w = np.linalg.solve(a.T @ a + alpha * np.eye(degree + 1), a.T @ b)
        errors.append(float(np.mean((powers[held] @ w - y[held]) ** 2)))
    return errors


class RealModels(unittest.TestCase):
    @unittest.skipIf(np is None, "NumPy is not installed")
    def test_a_numpy_model_is_tuned(self) -> None:
        rng = np.random.default_rng(1)
        x = rng.uniform(-1, 1, 80)
        y = np.sin(3 * x) + rng.normal(0, 0.1, 80)
        study = made({"alpha": hpo.real(1e-6, 1e2, log=True), "degree": hpo.integer(1, 9)}, pruner="median")

        def objective(trial: hpo.Trial) -> float:
            alpha = trial.suggest_float("alpha", 1e-6, 1e2, log=True)
            errors = ridge_cv(x, y, alpha, trial.suggest_int("degree", 1, 9))
            for step in range(1, 6):
                trial.report(float(np.mean(errors[:step])), step)
                if trial.should_prune():
                    raise hpo.TrialPruned()
            return np.mean(errors)  # type: ignore[no-any-return]

        study.optimize(objective, n_trials=30, n_jobs=2)
        self.assertEqual(len(study.trials), 30)
        # The noise has a variance of 0.01; a straight line leaves more than 0.04.
        self.assertLess(study.best_value, 0.02)
        self.assertGreaterEqual(study.best_params["degree"], 3)  # type: ignore[operator]

    def test_a_scikit_learn_model_is_tuned(self) -> None:
        try:
            from sklearn.datasets import load_iris
            from sklearn.linear_model import SGDClassifier
            from sklearn.model_selection import train_test_split
        except ImportError:
            self.skipTest("scikit-learn is not installed")
        x, y = load_iris(return_X_y=True)
        train_x, test_x, train_y, test_y = train_test_split(x, y, random_state=0)
        study = made({"alpha": hpo.real(1e-5, 1e1, log=True)}, direction="maximize", pruner="median", sampler="tpe")

        def objective(trial: hpo.Trial) -> float:
            model = SGDClassifier(alpha=trial.suggest_float("alpha", 1e-5, 1e1, log=True), random_state=trial.seed % 2**31)
            for step in range(1, 21):
                model.partial_fit(train_x, train_y, classes=[0, 1, 2])
                trial.report(model.score(test_x, test_y), step)
                if trial.should_prune():
                    raise hpo.TrialPruned()
            return float(model.score(test_x, test_y))

        study.optimize(objective, n_trials=15)
        self.assertGreater(study.best_value, 0.8)
        self.assertTrue({t.state for t in study.trials} <= {"complete", "pruned"})


if __name__ == "__main__":
    unittest.main()
