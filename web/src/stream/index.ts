export { StreamClient } from "./client";
export { Refused, StreamError, Unreachable } from "./errors";
export type * from "./events";
export { isTerminal, parseEvent } from "./events";
export { browserNetwork, type Network } from "./network";
export { request, requestJson, type Access } from "./requests";
export { type TurnStream } from "./turnStream";
export type * from "./types";
