import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

/** Files that the API server needs before it starts, and the one secret that we use ourselves. */
export interface Credentials {
  readonly adminToken: string;
  readonly tokenFile: string;
  readonly signingKeyFile: string;
  readonly verifyKeyFile: string;
  /** The API server writes its self-signed certificate here and finds it again after a restart. */
  readonly certificateFolder: string;
  readonly certificateFile: string;
}

export async function writeCredentials(folder: string): Promise<Credentials> {
  const certificateFolder = path.join(folder, "certificates");
  const credentials: Credentials = {
    adminToken: randomBytes(16).toString("hex"),
    tokenFile: path.join(folder, "tokens.csv"),
    signingKeyFile: path.join(folder, "service-account.key"),
    verifyKeyFile: path.join(folder, "service-account.pub"),
    certificateFolder,
    certificateFile: path.join(certificateFolder, "apiserver.crt"),
  };
  // An elliptic curve, because an RSA key takes a noticeable part of a second.
  const { privateKey, publicKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "sec1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  await Promise.all([
    mkdir(certificateFolder),
    writeFile(credentials.tokenFile, `${credentials.adminToken},admin,admin,system:masters\n`, { mode: 0o600 }),
    writeFile(credentials.signingKeyFile, privateKey, { mode: 0o600 }),
    writeFile(credentials.verifyKeyFile, publicKey),
  ]);
  return credentials;
}
