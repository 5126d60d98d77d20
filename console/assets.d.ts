/** The bundler takes style sheets from imports. */
declare module "*.css";

/** Names of the built workers, which contain a hash. */
declare const SIMULATOR_URL: string;
declare const STREAM_URL: string;
