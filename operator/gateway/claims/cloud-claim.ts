/** What a gateway claims a launch for that goes to the maker's cloud. No UID of a pod is like it. */
export const CLOUD = { uid: "overflow", name: "overflow" } as const;
