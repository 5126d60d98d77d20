import { createContext } from "preact";
import { useContext, useEffect, useRef, useState } from "preact/hooks";
import type { FleetRow } from "../../operator/api/console.ts";
import type { StreamStatus } from "../stream/protocol.ts";
import type { PoolState, Recent } from "./fleet-state.ts";
import type { Session } from "./session.ts";
import type { Store } from "./store.ts";

export const SessionContext = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === undefined) throw new Error("a component is outside of SessionContext");
  return session;
}

/** A part of a store's value. The component draws again when the part is another object. */
export function useStore<T, P>(store: Store<T>, part: (value: T) => P): P {
  const [, setCount] = useState(0);
  const drawn = useRef({ part, selected: part(store.value) });
  drawn.current = { part, selected: part(store.value) };
  useEffect(() => {
    const check = () => {
      const { part: latest, selected } = drawn.current;
      if (!Object.is(latest(store.value), selected)) setCount((count) => count + 1);
    };
    check();
    return store.subscribe(check);
  }, [store]);
  return drawn.current.selected;
}

export function useStatus(): StreamStatus {
  return useStore(useSession().status, (status) => status);
}

/** Undefined before the first event. */
export function useFleet(): ReadonlyMap<string, FleetRow> | undefined {
  return useStore(useSession().state, ({ fleet }) => fleet);
}

/** Subscribes to a pool. Undefined before its first event. */
export function usePool(pool: string): PoolState | undefined {
  const session = useSession();
  useEffect(() => {
    session.want([pool]);
    return () => session.want([]);
  }, [session, pool]);
  return useStore(session.state, ({ pools }) => pools.get(pool));
}

/** New decisions and samples of the shown pool. Undefined before the first one. */
export function useRecent(pool: string): Recent | undefined {
  return useStore(useSession().state, ({ recent }) => recent.get(pool));
}
