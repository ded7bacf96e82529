/** Studies of a service, through its API. */
export { isServer, locationOf, parseServer, readTokenFile, tokenOfEnvironment, withoutFragment } from "./address.js";
export type { ServerAddress } from "./address.js";
export { openRemoteStorage, RemoteStorage } from "./storage.js";
