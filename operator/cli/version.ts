/** Defined by the bundler from `package.json`. */
declare const AVATARPOOL_VERSION: string | undefined;

/** Version of the program. Sources that run without a build have none. */
export const version = typeof AVATARPOOL_VERSION === "undefined" ? "development" : AVATARPOOL_VERSION;
