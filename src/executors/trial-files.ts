/** What a trial leaves in its directory (`NAME.files/00017`). */

/** Takes what the trial says. */
export const LOG_FILE = "log.txt";

/** The best epoch's weights. */
export const CHECKPOINT_FILE = "checkpoint.safetensors";

/** The trial's reports with all of their metrics, one JSON line each. */
export const EPOCHS_FILE = "epochs.jsonl";
