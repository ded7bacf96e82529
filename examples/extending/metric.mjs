// Two metrics: the error of the cell that is predicted worst, and how far off the knee of the capacity's fade is.

// How far a path bends away from the straight line between its ends, and after how many cycles most: a fade that gets
// faster lies above that line. `at` is where the path begins in `paths` [N,H], `last` the SOH before it.
function knee(paths, at, horizon, last) {
  const end = paths[at + horizon - 1];
  let [bend, cycle] = [0, 0];
  for (let h = 0; h < horizon - 1; h++) {
    const above = paths[at + h] - (last + ((end - last) * (h + 1)) / horizon);
    if (above > bend) [bend, cycle] = [above, h + 1];
  }
  return { bend, cycle };
}

export default function register({ metrics }) {
  metrics.register("worst_cell_rmse", {
    summary: "RMSE of SOH of the cell that is predicted worst (example)",
    direction: "minimize",
  })(({ predicted, truth, cell, cells, horizon }) => {
    const squares = cells.map(() => 0);
    const points = cells.map(() => 0);
    for (let i = 0; i < truth.length; i++) {
      const c = cell[Math.floor(i / horizon)];
      squares[c] += (predicted[i] - truth[i]) ** 2;
      points[c] += 1;
    }
    // Cells of other parts have no windows here.
    return Math.sqrt(Math.max(...squares.flatMap((sum, c) => (points[c] > 0 ? [sum / points[c]] : []))));
  });

  metrics.register("knee_error", {
    summary: "how far off the fade's knee is, where there is one (example)",
    direction: "minimize",
    unit: "cycles",
  })(({ predicted, truth, lastSoh, windows, horizon }) => {
    let [sum, knees] = [0, 0];
    for (let n = 0; n < windows; n++) {
      const measured = knee(truth, n * horizon, horizon, lastSoh[n]);
      if (measured.bend < 0.002) continue;
      sum += Math.abs(knee(predicted, n * horizon, horizon, lastSoh[n]).cycle - measured.cycle);
      knees += 1;
    }
    // Nothing to score: the metric is absent.
    return knees > 0 ? sum / knees : null;
  });
}
