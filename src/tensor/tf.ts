/** TensorFlow.js as the build bundled it, made silent. */
import { env } from "#tfjs";

// TensorFlow.js greets on the console when a backend is first used under Node, and warns about kernels registered
// twice; its production flag silences both.
env().set("PROD", true);

export * from "#tfjs";
