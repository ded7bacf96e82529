/** The language of filters: `state = complete and train.lr < 1e-3 and not banned`, read into a tree. */

/** How two values are compared. */
export const comparisons = ["=", "!=", "<", "<=", ">", ">="] as const;
/** One of {@link comparisons}. */
export type Comparison = (typeof comparisons)[number];

/** A piece of an expression's text. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What an expression says. */
export type Expression =
  | { readonly type: "and" | "or"; readonly of: readonly Expression[] }
  | { readonly type: "not"; readonly of: Expression }
  | {
      readonly type: "comparison";
      readonly name: string;
      readonly operator: Comparison;
      readonly value: string;
      readonly at: { readonly name: Span; readonly value: Span };
    }
  /** A name alone: `banned`. */
  | { readonly type: "flag"; readonly name: string; readonly at: { readonly name: Span } };

/** What is wrong with an expression, and where. */
export interface ExpressionProblem extends Span {
  readonly message: string;
}

/** An expression that cannot be read, or that means nothing in this study. */
export class ExpressionError extends Error {
  readonly problem: ExpressionProblem;

  constructor(message: string, { from, to }: Span) {
    super(message);
    this.problem = { message, from, to };
  }
}

/** A piece of the text with a meaning of its own. */
interface Token extends Span {
  readonly type: "word" | "quoted" | "operator" | "(" | ")" | "end";
  readonly text: string;
}

const PIECE =
  /\s+|(?<quoted>"[^"]*"|'[^']*')|(?<open>["'])|(?<operator>!=|<=|>=|==|=|<|>)|(?<bracket>[()])|(?<word>[^\s"'()=!<>]+)|(?<odd>.)/gsu;

/** How deep brackets may stand in each other: more of them no person writes. */
const DEEPEST = 50;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (const { index: from, 0: piece, groups = {} } of text.matchAll(PIECE)) {
    const at = { from, to: from + piece.length };
    if (groups["open"] !== undefined)
      throw new ExpressionError(`the quotation mark ${piece} has no second one`, { from, to: text.length });
    if (groups["odd"] !== undefined)
      throw new ExpressionError(`unexpected ${piece}: comparisons are ${comparisons.join(" ")}`, at);
    if (groups["quoted"] !== undefined) tokens.push({ type: "quoted", text: piece.slice(1, -1), ...at });
    else if (groups["operator"] !== undefined)
      tokens.push({ type: "operator", text: piece === "==" ? "=" : piece, ...at });
    else if (groups["bracket"] !== undefined) tokens.push({ type: piece as "(" | ")", text: piece, ...at });
    else if (groups["word"] !== undefined) tokens.push({ type: "word", text: piece, ...at });
  }
  return [...tokens, { type: "end", text: "", from: text.length, to: text.length }];
}

class Reader {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Expression {
    const expression = this.#list("or");
    const rest = this.#token;
    if (rest.type === ")") throw new ExpressionError("this ) closes nothing", rest);
    if (rest.type !== "end") throw new ExpressionError(`expected and, or, or the end before ${shown(rest)}`, rest);
    return expression;
  }

  get #token(): Token {
    return this.#tokens[this.#next] as Token;
  }

  #take(): Token {
    const token = this.#token;
    if (token.type !== "end") this.#next++;
    return token;
  }

  #isWord(word: string): boolean {
    const { type, text } = this.#token;
    return type === "word" && text.toLowerCase() === word;
  }

  #list(by: "or" | "and"): Expression {
    const part = (): Expression => (by === "or" ? this.#list("and") : this.#one());
    const of = [part()];
    while (this.#isWord(by)) {
      this.#take();
      of.push(part());
    }
    return of.length === 1 ? (of[0] as Expression) : { type: by, of };
  }

  #one(): Expression {
    if (++this.#depth > DEEPEST) throw new ExpressionError("too many brackets within brackets", this.#token);
    const token = this.#token;
    const read = this.#isWord("not") ? this.#not() : token.type === "(" ? this.#bracket() : this.#comparison();
    this.#depth--;
    return read;
  }

  #not(): Expression {
    this.#take();
    return { type: "not", of: this.#one() };
  }

  #bracket(): Expression {
    const open = this.#take();
    const inside = this.#list("or");
    if (this.#token.type !== ")")
      throw new ExpressionError(
        this.#token.type === "end" ? "this ( is not closed" : `expected and, or, or ) before ${shown(this.#token)}`,
        this.#token.type === "end" ? open : this.#token,
      );
    this.#take();
    return inside;
  }

  #comparison(): Expression {
    const name = this.#take();
    if (name.type !== "word" && name.type !== "quoted")
      throw new ExpressionError(
        `expected a field, a parameter or a metric${name.type === "end" ? "" : ` before ${shown(name)}`}`,
        name,
      );
    if (this.#isKeyword(name)) throw new ExpressionError(`expected a name before ${shown(name)}`, name);
    if (this.#token.type !== "operator") return { type: "flag", name: name.text, at: { name } };
    const operator = this.#take();
    const value = this.#token;
    if (value.type !== "word" && value.type !== "quoted")
      throw new ExpressionError(
        `expected a value after ${operator.text}`,
        value.type === "end" ? operator : { from: operator.from, to: value.to },
      );
    this.#take();
    return {
      ...{ type: "comparison", name: name.text, operator: operator.text as Comparison, value: value.text },
      at: { name: { from: name.from, to: name.to }, value: { from: value.from, to: value.to } },
    };
  }

  #isKeyword({ type, text }: Token): boolean {
    return type === "word" && /^(?:and|or)$/i.test(text);
  }
}

const shown = ({ type, text }: Token): string => (type === "quoted" ? `"${text}"` : type === "end" ? "the end" : text);

/**
 * Reads an expression; null: an empty one, which holds for every trial.
 * @throws ExpressionError
 */
export function parseExpression(text: string): Expression | null {
  const tokens = tokensOf(text);
  return tokens.length === 1 ? null : new Reader(tokens).whole();
}

/** A name or a value as it may stand in an expression. */
export function inExpression(text: string): string {
  if (text !== "" && /^[^\s"'()=!<>]+$/u.test(text) && !/^(?:and|or|not)$/i.test(text)) return text;
  return text.includes('"') ? `'${text}'` : `"${text}"`;
}
