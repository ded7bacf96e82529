/** What the TensorFlow backend is made of, and where that is published: exact versions with their digests. */

/** A package of npm. */
export interface NpmSource {
  readonly name: string;
  readonly version: string;
  /** Of its .tgz, as npm's own lock files say it. */
  readonly integrity: string;
}

/** A wheel of PyPI. */
export interface WheelSource {
  readonly project: string;
  readonly file: string;
  /** Hex. */
  readonly sha256: string;
}

export interface TensorflowSources {
  readonly code: NpmSource;
  readonly headers: NpmSource;
  /** For processors by Node's names. */
  readonly wheels: Readonly<Record<string, WheelSource>>;
  /** A package index (PEP 503 or 691) where `PIP_INDEX_URL` names none. */
  readonly index: string;
}

/** TensorFlow 2.15.1 is the last to be built against the C API that tfjs-node 4.22.0 was made for; later ones work, too. */
export const TENSORFLOW_SOURCES: TensorflowSources = {
  code: {
    name: "@tensorflow/tfjs-node",
    version: "4.22.0",
    integrity: "sha512-uHrXeUlfgkMxTZqHkESSV7zSdKdV0LlsBeblqkuKU9nnfxB1pC6DtoyYVaLxznzZy7WQSegjcohxxCjAf6Dc7w==",
  },
  headers: {
    name: "node-api-headers",
    version: "1.9.0",
    integrity: "sha512-2oNILP4jXwRB4ywnYKjVk1YyJ96n2D4EOVJO6S3oYZ5PtbJrw3Yt9TpAuX3nBLMuzn74rnfGQrv13pS9vC+YiA==",
  },
  wheels: {
    x64: {
      project: "tensorflow-cpu",
      file: "tensorflow_cpu-2.15.1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
      sha256: "54660c074d7241a503e81edfd9f5ef5af88f64051b72e2945f26318c790f2d26",
    },
    arm64: {
      project: "tensorflow-cpu-aws",
      file: "tensorflow_cpu_aws-2.15.1-cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64.whl",
      sha256: "d4c3a3a9363bf42999adedbbd514e3a133be2d62f61fee9cfa46aaefb087c09e",
    },
  },
  index: "https://pypi.org/simple",
};
