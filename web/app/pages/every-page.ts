/** All pages but the first: a script each would repeat to gzip what they have in common. */
export { AnalysisPage } from "./analysis/analysis-page.js";
export { ComparePage } from "./compare/compare-page.js";
export { NewStudyPage } from "./new-study/new-study-page.js";
export { StudyPage } from "./study/study-page.js";
export { TrialPage } from "./trial/trial-page.js";
export { TrialsPage } from "./trials/trials-page.js";
export { WorkersPage } from "./workers/workers-page.js";
