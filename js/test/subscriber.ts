import type { SubscribeOptions, Subscription, TelegraphyEvent } from '../src/subscription.js';
import { subscribed, subscribeId } from './fakes.js';
import type { Json, World } from './fakes.js';

/** A subscription to board.Order, and all that its handlers heard. */
export class Subscriber {
  readonly events: TelegraphyEvent[] = [];
  readonly calls: unknown[][] = [];
  readonly subscription: Subscription;

  constructor(world: World, options: SubscribeOptions = {}) {
    this.subscription = world.gateway.subscribe(
      'board.Order',
      {
        onSubscribed: (position) => this.calls.push(['subscribed', position.offset]),
        onGap: (gap) => this.calls.push(['gap', gap]),
        onReset: (reason) => this.calls.push(['reset', reason]),
        onError: (error) => this.calls.push(['error', error.code]),
        ...options,
      },
      (event) => this.events.push(event),
    );
  }

  get offsets(): readonly number[] {
    return this.events.map(({ position }) => position.offset);
  }

  get state(): string {
    return this.subscription.state.name;
  }
}

/** Subscribes on a world that is connected, and has the gateway grant it. */
export function granted(world: World, options?: SubscribeOptions, more?: Json): Subscriber {
  const subscriber = new Subscriber(world, options);
  world.socket.say(subscribed(subscribeId(world.socket.heard()), more));
  return subscriber;
}
