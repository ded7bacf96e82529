/** The arrays that a MATLAB file holds. */

/** MATLAB's numeric classes, `logical` included. */
export type MatNumericClass =
  "double" | "single" | "int8" | "uint8" | "int16" | "uint16" | "int32" | "uint32" | "int64" | "uint64" | "logical";

/** The numbers of an array as they are stored. */
export type MatNumbers =
  | Float64Array
  | Float32Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** A numeric matrix, in the type of its MATLAB class (files may store it in a narrower one). */
export interface MatNumeric {
  readonly class: MatNumericClass;
  /** Sizes of the dimensions; at least two in files that MATLAB wrote. */
  readonly dims: readonly number[];
  /** Column-major. `int64` and `uint64` are BigInt arrays; `logical` is 0 or 1 in a Uint8Array. */
  readonly data: MatNumbers;
  /** The imaginary parts of a complex matrix, else null. */
  readonly imag: MatNumbers | null;
}

/** A character array. */
export interface MatChar {
  readonly class: "char";
  readonly dims: readonly number[];
  /** One string a row (the last dimension joined), in column-major order of the other dimensions. */
  readonly rows: readonly string[];
}

/** A cell array. */
export interface MatCell {
  readonly class: "cell";
  readonly dims: readonly number[];
  /** Column-major. */
  readonly cells: readonly MatArray[];
}

/** A struct array. */
export interface MatStruct {
  readonly class: "struct";
  readonly dims: readonly number[];
  /** A repeated name is numbered as SciPy does: `name`, `_1_name`. */
  readonly fields: readonly string[];
  /** Column-major; null-prototype objects by field name. Empty when there are no fields, whatever `dims` says. */
  readonly elements: readonly Readonly<Record<string, MatArray>>[];
}

/** An object of an old-style class: a struct with a class name. */
export interface MatObject {
  readonly class: "object";
  readonly className: string;
  readonly dims: readonly number[];
  readonly fields: readonly string[];
  readonly elements: readonly Readonly<Record<string, MatArray>>[];
}

/** A function handle: its description as MATLAB stores it. */
export interface MatFunction {
  readonly class: "function";
  readonly dims: readonly number[];
  readonly value: MatArray;
}

/** An object of MATLAB's newer class systems (`MCOS`, `java`): what refers to its contents, undecoded. */
export interface MatOpaque {
  readonly class: "opaque";
  readonly typeSystem: string;
  readonly className: string;
  readonly value: MatArray;
}

/** A sparse matrix in compressed columns. */
export interface MatSparse {
  readonly class: "sparse";
  readonly dims: readonly [rows: number, columns: number];
  /** `[nnz]`: the row of each entry, from 0. */
  readonly rowIndices: Int32Array;
  /** `[columns + 1]`: where each column's entries start. */
  readonly columnStarts: Int32Array;
  /** [nnz] */
  readonly data: Float64Array;
  readonly imag: Float64Array | null;
  readonly logical: boolean;
}

/** Any array of a MAT-file; `class` tells which. */
export type MatArray = MatNumeric | MatChar | MatCell | MatStruct | MatObject | MatFunction | MatOpaque | MatSparse;

/** The variables of a file. */
export interface MatFile {
  /** The descriptive text, trimmed. */
  readonly header: string;
  /** `1.0` for version 5 files. */
  readonly version: string;
  readonly byteOrder: "little" | "big";
  /** Names of the variables declared global. */
  readonly globals: readonly string[];
  /**
   * By name, in file order (null prototype). A later variable replaces an earlier one of the same name. MATLAB's
   * nameless workspace of function handles is `__function_workspace__`.
   */
  readonly variables: Readonly<Record<string, MatArray>>;
}
