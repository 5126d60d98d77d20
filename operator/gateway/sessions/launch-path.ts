/**
 * How a launch got its slot. `warm`: a free slot on arrival, preset loaded. `cold`: a free slot, preset not loaded. `queued`: the
 * launch waited. `repeated`: it got the answer of an earlier request. `overflow`: it went to the maker's cloud.
 */
export const launchPaths = ["warm", "cold", "queued", "repeated", "overflow"] as const;
export type LaunchPath = (typeof launchPaths)[number];
