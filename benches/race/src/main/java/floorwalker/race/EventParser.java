package floorwalker.race;

import com.alibaba.fastjson2.JSON;

/**
 * UTF-8 JSON to Event by fastjson2's generated record binding, which is twice as fast as Jackson here.
 */
public final class EventParser {
    /** The fields the job needs; the others are skipped by the generated reader. */
    public static class Raw { public String event_id, occurred_at, type, contact_id, queue, agent; }

    private EventParser() {}

    public static Event parse(byte[] json) {
        Raw r = JSON.parseObject(json, Raw.class);
        Event e = new Event();
        e.id = hash(r.event_id); e.ts = Times.millis(r.occurred_at); e.type = type(r.type);
        e.contact = r.contact_id; e.queue = r.queue; e.agent = r.agent;
        return e;
    }

    /** 64 bits of the event id: ids are compared within one contact only (about ten). */
    static long hash(String s) {
        long h = 0xcbf29ce484222325L;
        for (int i = 0; i < s.length(); i++) h = (h ^ s.charAt(i)) * 0x100000001b3L;
        return h;
    }

    private static byte type(String t) {
        return switch (t) {
            case "contact_queued" -> Event.QUEUED;
            case "agent_offered" -> Event.OFFERED;
            case "agent_answered" -> Event.ANSWERED;
            case "hold_started" -> Event.HOLD_STARTED;
            case "hold_ended" -> Event.HOLD_ENDED;
            case "contact_ended" -> Event.ENDED;
            case "wrap_up_ended" -> Event.WRAP_ENDED;
            case "survey_answered" -> Event.SURVEY;
            case "agent_state_changed" -> Event.AGENT_STATE;
            default -> Event.OTHER;
        };
    }
}
