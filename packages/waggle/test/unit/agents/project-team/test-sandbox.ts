import { findSandbox, unisolatedSandbox } from "../../../../src/adapters/node/index.ts";
import type { SandboxOffer } from "../../../../src/ports/sandbox.ts";

/**
 * The sandbox of this machine; where there is none, one without walls: the projects that these tests run are their
 * own, so the same code runs either way.
 */
export async function testSandbox(): Promise<Extract<SandboxOffer, { type: "available" }>> {
  const offer = await findSandbox();
  if (offer.type === "available") return offer;
  return { type: "available", sandbox: await unisolatedSandbox() };
}
