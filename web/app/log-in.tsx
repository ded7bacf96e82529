/** Asks for a token, where the service wants one. */
import { useState } from "preact/hooks";
import { logIn, refusal, session, startSession } from "./session.js";
import { pastedToken } from "./token-text.js";

/** The form, or why there is no service to log in to. */
export function LogIn() {
  const [text, setText] = useState("");
  const isAway = session.value === "unreachable";
  const submit = (event: Event): void => {
    event.preventDefault();
    void logIn(pastedToken(text)).then(() => setText(""));
  };
  return (
    <main id="main" class="login">
      <h1>mlbench-hpo</h1>
      {isAway ? (
        <>
          <p role="alert">{refusal.value ?? "The service is not reached."}</p>
          <button type="button" class="primary" onClick={() => void startSession()}>
            Try again
          </button>
        </>
      ) : (
        <form onSubmit={submit}>
          <p>
            This service wants a token. <code>mlbench-hpo open</code>, run on its machine, opens this page with it; or
            paste the token, or the URL that <code>serve</code> printed.
          </p>
          <label>
            Token
            <input
              type="password"
              autocomplete="off"
              required
              value={text}
              onInput={({ currentTarget: { value } }) => setText(value)}
            />
          </label>
          {refusal.value !== null && <p role="alert">{refusal.value}</p>}
          <button type="submit" class="primary">
            Log in
          </button>
        </form>
      )}
    </main>
  );
}
