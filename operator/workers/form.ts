import { randomUUID } from "node:crypto";
import type { Dialect, Engine, WorkerForm } from "../engines/index.ts";
import type { PostBody } from "./client.ts";

/** Encodes a form for a worker as the client of the maker does: multipart with a file, urlencoded without. */
export function encodeForm(form: WorkerForm, boundary = `avatarpool-${randomUUID()}`): PostBody {
  if (form.file === undefined) {
    const text = new URLSearchParams(form.fields).toString();
    return { contentType: "application/x-www-form-urlencoded", chunks: [Buffer.from(text)] };
  }
  const { field, filename, contentType, data } = form.file;
  const fields = Object.entries(form.fields).map(
    ([name, value]) => `--${boundary}\r\ncontent-disposition: form-data; name="${quote(name)}"\r\n\r\n${value}\r\n`,
  );
  const fileHead = `--${boundary}\r\ncontent-disposition: form-data; name="${quote(field)}"; filename="${quote(filename)}"\r\ncontent-type: ${contentType}\r\n\r\n`;
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    chunks: [Buffer.from(fields.join("") + fileHead), data, Buffer.from(`\r\n--${boundary}--\r\n`)],
  };
}

/** Quotes a name in `content-disposition` as browsers do: characters that would end the name or the line are percent-encoded. */
function quote(name: string): string {
  return name.replaceAll('"', "%22").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

/** The body of a launch in the dialect of the worker group. */
export function encodeLaunch(form: WorkerForm, to: { readonly engine: Engine; readonly dialect: Dialect }): PostBody {
  const { livekit_token: token = "", api_secret: secret = "" } = form.fields;
  return { ...encodeAs(form, to), secrets: [token, secret] };
}

function encodeAs(form: WorkerForm, to: { readonly engine: Engine; readonly dialect: Dialect }): PostBody {
  switch (to.dialect) {
    case "form":
      return encodeForm(form);
    case "json":
      return encodeJson(form, to.engine.accelerator);
  }
}

/** The JSON of the maker's cloud API, with its names for avatar and image and the secret in a header. */
function encodeJson(form: WorkerForm, mode: Engine["accelerator"]): PostBody {
  const { avatar_id: agentId, avatar_image_url: imageUrl, api_secret: apiSecret, ...fields } = form.fields;
  const image = form.file?.data.toString("base64") ?? imageUrl;
  const text = JSON.stringify({ ...fields, mode, agent_id: agentId, image });
  const headers = apiSecret === undefined ? {} : { "api-secret": apiSecret };
  return { contentType: "application/json", chunks: [Buffer.from(text)], headers };
}
