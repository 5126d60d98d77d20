import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { runChecked } from "./run.ts";

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
  /** Tokens of the kubelets, by the names of their nodes. */
  readonly nodeTokens: ReadonlyMap<string, string>;
  /** With it the API server reads logs from kubelets and runs programs in containers. Each kubelet trusts this certificate only. */
  readonly kubeletClient: { readonly certificateFile: string; readonly keyFile: string } | undefined;
}

/** @param nodes names of the nodes with a kubelet. */
export async function writeCredentials(folder: string, nodes: readonly string[] = []): Promise<Credentials> {
  const nodeTokens = new Map(nodes.map((name) => [name, randomBytes(16).toString("hex")]));
  const kubeletClient = nodes.length === 0 ? undefined : await writeKubeletClient(folder);
  const credentials: Credentials = {
    nodeTokens,
    kubeletClient,
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
    writeFile(credentials.tokenFile, tokens(credentials), { mode: 0o600 }),
    writeFile(credentials.signingKeyFile, privateKey, { mode: 0o600 }),
    writeFile(credentials.verifyKeyFile, publicKey),
  ]);
  return credentials;
}

function tokens({ adminToken, nodeTokens }: Credentials): string {
  const nodes = [...nodeTokens].map(([name, token]) => `${token},system:node:${name},${name},system:nodes\n`);
  return `${adminToken},admin,admin,system:masters\n${nodes.join("")}`;
}

async function writeKubeletClient(folder: string): Promise<NonNullable<Credentials["kubeletClient"]>> {
  const files = {
    certificateFile: path.join(folder, "kubelet-client.crt"),
    keyFile: path.join(folder, "kubelet-client.key"),
  };
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", files.keyFile];
  const certificate = ["-subj", "/CN=kube-apiserver", "-addext", "extendedKeyUsage=clientAuth", "-out", files.certificateFile];
  await runChecked("openssl", ["req", "-x509", ...key, ...certificate], "install openssl");
  return files;
}

/** The API server writes its own certificate, then that of its authority. @throws until both exist. */
export async function writeAuthority({ certificateFolder, authorityFile }: Credentials): Promise<string> {
  const bundle = await readFile(path.join(certificateFolder, "apiserver.crt"), "utf8");
  const [, authority] = bundle.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n/g) ?? [];
  if (authority === undefined) throw new Error("the API server has not written its certificates yet");
  await writeFile(authorityFile, authority);
  return authority;
}
