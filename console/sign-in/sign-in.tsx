import "./sign-in.css";
import { useState } from "preact/hooks";
import { useSession } from "../state/hooks.ts";
import { Notice } from "../ui/notice.tsx";

const MINT = "kubectl create token YOUR_SERVICE_ACCOUNT --namespace YOUR_NAMESPACE";

/** The operator checks the token with Kubernetes. The console has no passwords. */
export function SignIn({ message }: { readonly message: string }) {
  const session = useSession();
  const [problem, setProblem] = useState(message);
  const [busy, setBusy] = useState(false);
  const signIn = (token: string | undefined) => {
    setBusy(true);
    session
      .signIn(token)
      .catch((error: Error) => setProblem(error.message))
      .finally(() => setBusy(false));
  };
  const submit = (event: SubmitEvent & { readonly currentTarget: HTMLFormElement }) => {
    event.preventDefault();
    const token = String(new FormData(event.currentTarget).get("token") ?? "").trim();
    signIn(token === "" ? undefined : token);
  };
  return (
    <main class="sign-in">
      <form class="card" onSubmit={submit}>
        <h1>AvatarPool</h1>
        <p class="soft">Sign in with a Kubernetes token. You see the pools that the token may get.</p>
        {problem === "" ? null : (
          <Notice tone="warn" title="Not signed in" announce>
            {problem}
          </Notice>
        )}
        <label>
          Token
          <textarea name="token" rows={4} autocomplete="off" spellcheck={false} required />
        </label>
        <div class="sign-in-buttons">
          <button type="submit" class="primary" disabled={busy}>
            {busy ? "Signing in…" : "Sign in"}
          </button>
          <button type="button" disabled={busy} onClick={() => signIn(undefined)}>
            Try without a token
          </button>
        </div>
        <p class="soft small">
          The browser keeps the token until you sign out or close the console. It is sent to this operator only.
        </p>
      </form>
      <section class="sign-in-help" aria-labelledby="sign-in-how">
        <h2 id="sign-in-how">How to get in</h2>
        <p>With kubectl, this command opens the console with your own permissions:</p>
        <pre>kubectl avatarpool dashboard</pre>
        <p>Or create a token of a ServiceAccount that may get the pools:</p>
        <pre>{MINT}</pre>
      </section>
    </main>
  );
}
