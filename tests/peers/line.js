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
    return { error: await told(error) };
  }
}

// What a peer's library says went wrong. A refusal of the server has the server's own words;
// an error that has neither them nor a code of the library is a fault of the script.
async function told(error) {
  const { name, message, code, claim, reason, status } = error;
  const found = { name, message, code, claim, reason, status };
  if (error.error !== undefined) {
    found.error = error.error;
    found.description = error.error_description;
  }
  if (error.cause?.error !== undefined) {
    found.error = error.cause.error;
    found.description = error.cause.error_description;
  }
  return found;
}
