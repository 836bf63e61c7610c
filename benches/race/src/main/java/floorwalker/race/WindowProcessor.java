package floorwalker.race;

import java.time.Duration;
import java.util.PriorityQueue;
import java.util.concurrent.atomic.LongAdder;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/** Rolling windows of one agent or queue a key; emits at most once per window per 5 s of event time. */
final class WindowProcessor implements Processor<String, byte[], String, byte[]>, Entity.Out {
    static final LongAdder late = new LongAdder();

    private record Timer(long at, String entity) implements Comparable<Timer> {
        @Override public int compareTo(Timer o) { return Long.compare(at, o.at); }
    }

    private final long grace, punct;
    private final PriorityQueue<Timer> timers = new PriorityQueue<>();
    private final Entity e = new Entity();
    private final Bin bin = new Bin(), out = new Bin();
    private ProcessorContext<String, byte[]> ctx;
    private KeyValueStore<String, byte[]> store;
    private String key;

    WindowProcessor(long grace, long punct) { this.grace = grace; this.punct = punct; }

    @Override public void init(ProcessorContext<String, byte[]> ctx) {
        this.ctx = ctx;
        store = ctx.getStateStore("window-state");
        try (KeyValueIterator<String, byte[]> it = store.all()) {
            while (it.hasNext()) {
                var kv = it.next();
                e.decode(kv.value);
                if (e.s.timer != 0) timers.add(new Timer(e.s.timer, kv.key));
                if (e.l.timer != 0) timers.add(new Timer(e.l.timer, kv.key));
            }
        }
        ctx.schedule(Duration.ofMillis(punct), PunctuationType.STREAM_TIME, this::punctuate);
    }

    @Override public void process(Record<String, byte[]> r) {
        key = r.key();
        byte[] v = store.get(key);
        if (v == null) e.clear(); else e.decode(v);
        Bin.In in = Bin.in(r.value());
        byte kind = (byte) in.u8();
        int n = e.fact(kind, in.var(), r.timestamp(), this);
        if (n != 0) late.add(n);
        store.put(key, e.encode(bin));
    }

    private void punctuate(long streamTime) {
        long now = streamTime - grace;
        while (!timers.isEmpty() && timers.peek().at <= now) {
            key = timers.poll().entity;
            byte[] v = store.get(key);
            if (v == null) continue;
            e.decode(v);
            if (e.timer(now, this)) store.put(key, e.encode(bin));
        }
    }

    @Override public void kpi(String window, Window w, long at) {
        ctx.forward(new Record<>(key, Json.kpi(out, key, window, w, at), at));
    }

    @Override public void timer(long at) { timers.add(new Timer(at, key)); }
}
