import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

/** Files that the API server needs before it starts, and the token that the control plane itself uses. */
export interface Credentials {
  readonly adminToken: string;
  readonly tokenFile: string;
  readonly signingKeyFile: string;
  readonly verifyKeyFile: string;
  /** The API server writes its self-signed certificate here and reuses it after a restart. */
  readonly certificateFolder: string;
  /** The authority that signed it. It exists after `writeAuthority`. */
  readonly authorityFile: string;
}

export async function writeCredentials(folder: string): Promise<Credentials> {
  const credentials: Credentials = {
    adminToken: randomBytes(16).toString("hex"),
    tokenFile: path.join(folder, "tokens.csv"),
    signingKeyFile: path.join(folder, "service-account.key"),
    verifyKeyFile: path.join(folder, "service-account.pub"),
    certificateFolder: path.join(folder, "certificates"),
    authorityFile: path.join(folder, "ca.crt"),
  };
  // An elliptic curve, because an RSA key takes a noticeable part of a second.
  const { privateKey, publicKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "sec1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  await Promise.all([
    mkdir(credentials.certificateFolder),
    writeFile(credentials.tokenFile, `${credentials.adminToken},admin,admin,system:masters\n`, { mode: 0o600 }),
    writeFile(credentials.signingKeyFile, privateKey, { mode: 0o600 }),
    writeFile(credentials.verifyKeyFile, publicKey),
  ]);
  return credentials;
}

/** The API server writes its own certificate, then that of its authority. @throws until both exist. */
export async function writeAuthority({ certificateFolder, authorityFile }: Credentials): Promise<string> {
  const bundle = await readFile(path.join(certificateFolder, "apiserver.crt"), "utf8");
  const [, authority] = bundle.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n/g) ?? [];
  if (authority === undefined) throw new Error("the API server has not written its certificates yet");
  await writeFile(authorityFile, authority);
  return authority;
}
