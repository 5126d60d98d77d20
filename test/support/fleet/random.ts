export { seededRandom } from "../../../operator/runtime/random.ts";
