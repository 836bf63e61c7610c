package floorwalker.race;

/** One parsed contact-center event: only what the job needs. */
public class Event {
    public static final byte OTHER = 0, QUEUED = 1, OFFERED = 2, ANSWERED = 3, HOLD_STARTED = 4, HOLD_ENDED = 5,
            ENDED = 6, WRAP_ENDED = 7, SURVEY = 8, AGENT_STATE = 9;

    public byte type;
    public long ts;        // occurred_at, epoch ms
    public long id;        // 64-bit hash of event_id
    public String contact; // null for agent events
    public String queue;
    public String agent;

    public Event() {}
}
