// How a test speaks to a peer: a line of JSON in, a line of JSON out, until the input ends.
//
// In:  {"act": "par", ...what the act takes}
// Out: {"result": ...} or {"error": {"name", "message", "code", "status", ...}}

import { createInterface } from "node:readline";

// Serves `acts`, one after the other; each takes the members of its line and gives plain JSON.
export async function serve(acts) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { act, ...values } = JSON.parse(line);
    const answer = await answered(() => acts[act](values));
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}

async function answered(run) {
  try {
    return { result: (await run()) ?? null };
  } catch (error) {
    return { error: told(error) };
  }
}

// What a peer's library says went wrong. A refusal of the server has the server's own words;
// an error that has neither them nor a code of the library is a fault of the script.
function told(error) {
  const { name, message, code, claim, status } = error;
  const found = { name, message, code, claim, status };
  const [challenge] = Array.isArray(error.cause) ? error.cause : [];
  const words = [error, error.cause, challenge?.parameters].find((one) => one?.error !== undefined);
  if (words !== undefined) {
    found.error = words.error;
    found.description = words.error_description;
  }
  return found;
}
