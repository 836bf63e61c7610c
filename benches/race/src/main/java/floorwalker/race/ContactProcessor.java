package floorwalker.race;

import java.time.Duration;
import java.util.PriorityQueue;
import java.util.TreeSet;
import java.util.concurrent.atomic.LongAdder;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Folds contacts. The state is one row per contact in a changelogged store; the two timer queues live on the heap and are
 * rebuilt from the store when the task starts, so that timers cost no changelog records.
 */
final class ContactProcessor implements Processor<String, Event, String, byte[]>, ContactLogic.Out {
    static final LongAdder dups = new LongAdder();

    private record Timer(long at, String contact) implements Comparable<Timer> {
        @Override public int compareTo(Timer o) { return at != o.at ? Long.compare(at, o.at) : contact.compareTo(o.contact); }
    }

    private final long sla, grace, punct;
    private final TreeSet<Timer> due = new TreeSet<>();
    private final PriorityQueue<Timer> drop = new PriorityQueue<>();
    private final Contact c = new Contact();
    private final Bin bin = new Bin(), out = new Bin();
    private ProcessorContext<String, byte[]> ctx;
    private KeyValueStore<String, byte[]> store;

    ContactProcessor(long sla, long grace, long punct) { this.sla = sla; this.grace = grace; this.punct = punct; }

    @Override public void init(ProcessorContext<String, byte[]> ctx) {
        this.ctx = ctx;
        store = ctx.getStateStore("contact-state");
        try (KeyValueIterator<String, byte[]> it = store.all()) {
            while (it.hasNext()) {
                var kv = it.next();
                c.decode(kv.value);
                if (ContactLogic.waiting(c)) due.add(new Timer(c.queuedAt + sla, kv.key));
                if (c.endedAt != 0) drop.add(new Timer(c.endedAt + ContactLogic.DROP_AFTER_MS, kv.key));
            }
        }
        ctx.schedule(Duration.ofMillis(punct), PunctuationType.STREAM_TIME, this::punctuate);
    }

    @Override public void process(Record<String, Event> r) {
        Event e = r.value();
        if (e == null || e.contact == null) return;
        String id = e.contact;
        byte[] v = store.get(id);
        if (v == null) c.clear(); else c.decode(v);
        if (!c.firstSight(e.id)) { dups.increment(); return; }
        boolean was = ContactLogic.waiting(c), ended = c.endedAt != 0;
        ContactLogic.apply(id, c, e, sla, this);
        boolean is = ContactLogic.waiting(c);
        if (is != was) { if (is) due.add(new Timer(c.queuedAt + sla, id)); else due.remove(new Timer(c.queuedAt + sla, id)); }
        if (!ended && c.endedAt != 0) drop.add(new Timer(c.endedAt + ContactLogic.DROP_AFTER_MS, id));
        save(id);
    }

    private void save(String id) { c.encode(bin); store.put(id, bin.bytes()); }

    private void punctuate(long streamTime) {
        long now = streamTime - grace;
        while (!due.isEmpty() && due.first().at <= now) {
            Timer t = due.pollFirst();
            byte[] v = store.get(t.contact);
            if (v == null) continue;
            c.decode(v);
            if (ContactLogic.due(t.contact, c, t.at, this)) save(t.contact);
        }
        while (!drop.isEmpty() && drop.peek().at <= now) store.delete(drop.poll().contact);
    }

    @Override public void fact(String entityKind, String entity, byte kind, long value, long ts) {
        out.reset(); out.u8(kind); out.var(value);
        ctx.forward(new Record<>(entityKind + entity, out.bytes(), ts), "facts");
    }

    @Override public void alert(String contact, String queue, long due) {
        ctx.forward(new Record<>(contact, Json.alert(out, contact, queue, due), due), "alerts");
    }
}
