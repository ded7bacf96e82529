/** The tags by which runs are told apart and found again. */

/** What a run is found by whose making was not heard to have succeeded. */
export const TOKEN_TAG = "mlbench_hpo.run_token";
/** The study of a run, whatever its name is by now. */
export const STUDY_ID_TAG = "mlbench_hpo.study_id";
/** The number of a run's trial; a study's own run has none. */
export const TRIAL_TAG = "mlbench_hpo.trial_number";
