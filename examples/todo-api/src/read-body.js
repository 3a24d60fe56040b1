/** An error that the client made. */
export class BadRequest extends Error {}

/** Reads a request's body as a JSON object. */
export async function readBody(request) {
  let text = "";
  // TODO: refuse bodies over a limit
  for await (const chunk of request) text += chunk;
  try {
    const value = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Falls through: anything but an object is the client's mistake.
  }
  throw new BadRequest("the body must be a JSON object");
}
