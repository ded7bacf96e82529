# Parts of a check, sourced by `run` and `full`: each under its own time limit, counted as passed, failed or skipped.
passed=0 failed=0 skipped=0
# The output of parts that failed, told once more at the end: whoever sees a log's end only sees why.
outputs=$(mktemp -d)
# Seconds that all parts together may take; the last ones get what is left.
total=${total:-86400}
# What a part past its limit counts as: "failed" or "skipped".
late=${late:-failed}
export vitest=./node_modules/vitest/vitest.mjs

# part NAME SECONDS COMMAND…: past its limit it counts as `late` says; exit code 77 is "skipped", for a reason that the
# command has printed.
part() {
  local name=$1 limit=$2 code began=$SECONDS
  shift 2
  [ "$limit" -le $((total - began)) ] || limit=$((total - began))
  [ "$limit" -gt 0 ] || limit=1
  echo "== $name"
  # Not a pipe: a process that a part leaves behind would hold it open, and this with it.
  timeout --kill-after=10 "$limit" "$@" > >(tee "$outputs/now") 2>&1
  code=$?
  sleep 0.2 # for the last lines to be written
  case $code in
  0)
    echo "-- $name: passed ($((SECONDS - began)) s)"
    passed=$((passed + 1))
    ;;
  77) skip "$name" "see above" ;;
  124 | 137)
    if [ "$late" = skipped ]; then
      skip "$name" "past its limit of $limit s"
    else
      fail "$name" "past its limit of $limit s"
    fi
    ;;
  *) fail "$name" "exit $code" ;;
  esac
}

# fail NAME REASON: the part's own output is kept for the end, without colours and what passed.
fail() {
  echo "-- $1: FAILED ($2)"
  failed=$((failed + 1))
  {
    echo "-- $1: FAILED ($2); its output ends with"
    sed 's/\x1b\[[0-9;]*m//g' "$outputs/now" | grep -v '✓' | tail -n 40 | cut -c 1-300
  } >"$outputs/failed-$failed"
}

# skip NAME REASON
skip() {
  echo "-- $1: skipped ($2)"
  skipped=$((skipped + 1))
}

# The last line, and the exit code.
finish() {
  [ "$failed" -eq 0 ] || cat "$outputs"/failed-*
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ]
}

# on_node VERSION ARGUMENTS…: a Node of that version from npm; 77 where npm can't fetch it.
on_node() {
  local version=$1
  shift
  timeout 90 npx -y "node@$version" --version || {
    echo "npm cannot fetch Node $version here"
    return 77
  }
  npx -y "node@$version" "$@"
}
export -f on_node

# in_browser SCRIPT ...: pages as readers see them, by scripts of test/browser; 77 where there is no chromium and none can be
# installed. axe-core is fetched beside, where npm can, and is no dependency of ours.
in_browser() {
  local axe script code=0
  if ! command -v chromium chromium-browser google-chrome >/dev/null; then
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && {
      timeout 60 apt-get -qq update && timeout 200 apt-get -qq install -y --no-install-recommends chromium
    } >/dev/null 2>&1
  fi
  axe=$(mktemp -d)
  timeout 60 npm install --silent --no-audit --no-fund --prefix "$axe" axe-core@4 >/dev/null 2>&1 || true
  [ -f "$axe/node_modules/axe-core/axe.min.js" ] && export MLBENCH_AXE=$axe/node_modules/axe-core/axe.min.js
  for script in "$@"; do
    node "test/browser/$script.mjs"
    code=$?
    [ $code = 0 ] || break
  done
  rm -rf "$axe"
  return $code
}
export -f in_browser

# Python with the peers that our tests and fixtures are held against, in a folder of its own.
peers=$(mktemp -d)
trap 'rm -rf "$outputs" "$peers"' EXIT
venv=$peers/venv
python=$venv/bin/python
install_peers() {
  command -v python3 >/dev/null || {
    echo "there is no python3 here"
    return 77
  }
  python3 -m venv "$2" && timeout "$1" "$2/bin/pip" -q install torch==2.13.0 optuna==5.0.0 numpy==2.4.6 scipy==1.17.1 \
    mpmath==1.3.0 safetensors torchdiffeq==0.2.5 scikit-learn==1.9.1 cmaes==0.13.0 >/dev/null 2>&1 || {
    echo "the Python peers cannot be installed here"
    return 77
  }
  # Asked where it is there; the peers above do without.
  timeout 60 "$2/bin/pip" -q install optuna-dashboard==0.21.0 >/dev/null 2>&1 || echo "optuna-dashboard cannot be installed here"
}
export -f install_peers

# with_peers NAME SECONDS COMMAND…: a part that needs them; MLBENCH_PYTHON is theirs.
with_peers() {
  if [ -x "$python" ] && "$python" -c 'import torch, torchdiffeq, safetensors, optuna, scipy' 2>/dev/null; then
    part "$1" "$2" env MLBENCH_PYTHON="$python" "${@:3}"
  else
    skip "$1" "no Python peers here"
  fi
}

# MLflow's server and its own client, in a folder of their own.
mlflow_venv=$peers/mlflow
install_mlflow() {
  command -v python3 >/dev/null || {
    echo "there is no python3 here"
    return 77
  }
  python3 -m venv "$2" && timeout "$1" "$2/bin/pip" -q install mlflow==3.17.2 >/dev/null 2>&1 || {
    echo "MLflow cannot be installed here"
    return 77
  }
}
export -f install_mlflow

# with_mlflow NAME SECONDS COMMAND…: a part that needs them; MLBENCH_MLFLOW is their folder of programs.
with_mlflow() {
  if [ -x "$mlflow_venv/bin/mlflow" ]; then
    part "$1" "$2" env MLBENCH_MLFLOW="$mlflow_venv/bin" "${@:3}"
  else
    skip "$1" "no MLflow here"
  fi
}

# TensorFlow in a cache of its own, by the command that users type; 77 where npm, PyPI or a compiler is out of reach.
tensorflow_cache=$peers/cache
install_tensorflow() {
  local said
  said=$(XDG_CACHE_HOME=$1 node bin/mlbench-hpo.js backends install tensorflow 2>&1) && echo "$said" && return
  echo "$said"
  ! grep -qE 'compiler is needed|npm is needed|are free|npm cannot fetch|cannot be reached|server answered|connection|glibc' <<<"$said" ||
    return 77
  return 1
}
export -f install_tensorflow

# with_tensorflow NAME SECONDS COMMAND…: a part that needs it.
with_tensorflow() {
  # The link that an installation ends with; a failed one leaves the folder that it is in.
  if compgen -G "$tensorflow_cache/mlbench-hpo/tensorflow/*/installed.json" >/dev/null; then
    part "$1" "$2" env XDG_CACHE_HOME="$tensorflow_cache" MLBENCH_TENSORFLOW=1 "${@:3}"
  else
    skip "$1" "no TensorFlow here"
  fi
}
