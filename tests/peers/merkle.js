// An independent RFC 6962: that of sigstore-js (Apache-2.0), which npm itself verifies with.
//
// included  many inclusion proofs at once; gives for each whether it holds.

import { createRequire } from "node:module";

import { serve } from "./line.js";

const require = createRequire(import.meta.url);
const { verifyMerkleInclusion } = require("@sigstore/verify/dist/tlog/merkle.js");

const bytes = (text) => Buffer.from(text, "base64");

function holds({ leaf, index, size, path, root }) {
  const inclusionProof = { logIndex: String(index), hashes: path.map(bytes) };
  const checkpoint = { logSize: BigInt(size), logHash: bytes(root) };
  try {
    verifyMerkleInclusion({ canonicalizedBody: bytes(leaf), inclusionProof }, checkpoint);
    return true;
  } catch (error) {
    if (error.code !== "TLOG_INCLUSION_PROOF_ERROR") throw error;
    return false;
  }
}

await serve({ included: ({ proofs }) => proofs.map(holds) });
