import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { type Pack, pack } from "tar-stream";

/** A .tar.gz on disk, readable by its owner only. An existing file is never replaced. */
export class Archive {
  readonly #pack: Pack = pack();
  readonly #written: Promise<void>;
  readonly #folder: string;
  readonly #mtime: Date;
  readonly names: string[] = [];

  /** @param folder the folder in the archive that holds every file. */
  constructor(file: string, folder: string, mtime: Date) {
    this.#folder = folder;
    this.#mtime = mtime;
    this.#written = pipeline(this.#pack, createGzip(), createWriteStream(file, { flags: "wx", mode: 0o600 }));
    // `close` reports the error.
    this.#written.catch(() => {});
  }

  async add(name: string, content: string): Promise<void> {
    this.names.push(name);
    const header = { name: `${this.#folder}/${name}`, mtime: this.#mtime, mode: 0o600 };
    const added = new Promise<void>((resolve, reject) => {
      this.#pack.entry(header, content, (error) => (error ? reject(error) : resolve()));
    });
    // Without the file, no entry would ever end.
    await Promise.race([added, this.#written]);
  }

  async close(): Promise<void> {
    this.#pack.finalize();
    await this.#written;
  }
}
