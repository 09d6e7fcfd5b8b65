import ca.uhn.hl7v2.DefaultHapiContext;
import ca.uhn.hl7v2.HL7Exception;
import ca.uhn.hl7v2.llp.ExtendedMinLLPReader;
import ca.uhn.hl7v2.model.Composite;
import ca.uhn.hl7v2.model.ExtraComponents;
import ca.uhn.hl7v2.model.Group;
import ca.uhn.hl7v2.model.Primitive;
import ca.uhn.hl7v2.model.Segment;
import ca.uhn.hl7v2.model.Structure;
import ca.uhn.hl7v2.model.Type;
import ca.uhn.hl7v2.model.Varies;
import ca.uhn.hl7v2.parser.GenericModelClassFactory;
import ca.uhn.hl7v2.parser.Parser;
import ca.uhn.hl7v2.validation.impl.ValidationContextFactory;
import java.io.ByteArrayInputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** What hl7_fields prints, as HAPI reads the same frames: without the structures of any message type, so that each segment is taken as sent. */
public final class Fields {
    private final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    private final Parser parser;
    private int segments;

    private Fields() {
        DefaultHapiContext context = new DefaultHapiContext(ValidationContextFactory.noValidation());
        context.setModelClassFactory(new GenericModelClassFactory());
        context.getParserConfiguration().setAllowUnknownVersions(true);
        context.getParserConfiguration().setDefaultObx2Type("ST");
        context.getParserConfiguration().setInvalidObx2Type("ST");
        parser = context.getPipeParser();
    }

    private static String coded(String value) {
        StringBuilder text = new StringBuilder();
        for (char c : value.toCharArray())
            if (c < 0x20 || c == 0x7f || c == '%')
                text.append(String.format("%%%02x", (int) c));
            else
                text.append(c);
        return text.toString();
    }

    private void putValue(String place, int[] part, String value) {
        if (value != null && !value.isEmpty())
            out.print(place + "." + part[0] + "." + part[1] + "\t" + coded(value) + "\n");
    }

    /** Depth 0 is the repetition, 1 a component, 2 a subcomponent. */
    private void putType(String place, int[] part, int depth, Type type) {
        Type data = type instanceof Varies ? ((Varies) type).getData() : type;
        int known = 1;
        if (data instanceof Composite) {
            Type[] parts = ((Composite) data).getComponents();
            known = parts.length;
            for (int i = 0; i < parts.length; i++)
                putType(place, with(part, depth, i + 1), depth + 1, parts[i]);
        } else if (data instanceof Primitive) {
            putValue(place, part, ((Primitive) data).getValue());
        }
        ExtraComponents more = data.getExtraComponents();
        for (int i = 0; i < more.numComponents(); i++)
            putType(place, with(part, depth, known + i + 1), depth + 1, more.getComponent(i));
    }

    private static int[] with(int[] part, int depth, int number) {
        int[] other = part.clone();
        if (depth < 2)
            other[depth] = number;
        return other;
    }

    private void putSegment(Segment segment) throws HL7Exception {
        segments++;
        for (int field = 1; field <= segment.numFields(); field++) {
            Type[] repetitions = segment.getField(field);
            for (int i = 0; i < repetitions.length; i++)
                putType(segments + " " + segment.getName() + "-" + field + "[" + (i + 1) + "]", new int[] {1, 1}, 0, repetitions[i]);
        }
    }

    private void putGroup(Group group) throws HL7Exception {
        for (String name : group.getNames())
            for (Structure one : group.getAll(name))
                if (one instanceof Segment)
                    putSegment((Segment) one);
                else
                    putGroup((Group) one);
    }

    /** HAPI reads MSH-18; this is for messages that leave it out. */
    private static Charset guess(byte[] bytes) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            return StandardCharsets.UTF_8;
        } catch (CharacterCodingException e) {
            return Charset.forName("windows-1252");
        }
    }

    private void putMessage(int number, byte[] frame) {
        out.print("M " + number + "\n");
        segments = 0;
        try {
            ExtendedMinLLPReader reader = new ExtendedMinLLPReader(new ByteArrayInputStream(frame), guess(frame));
            putGroup(parser.parse(reader.getMessage()));
        } catch (Exception e) {
            out.print("E " + coded(String.valueOf(e.getMessage())) + "\n");
        }
    }

    public static void main(String[] args) throws Exception {
        Fields fields = new Fields();
        byte[] all = System.in.readAllBytes();
        int number = 0, from = 0;
        for (int i = 1; i < all.length; i++)
            if (all[i - 1] == 0x1c && all[i] == '\r') {
                fields.putMessage(++number, Arrays.copyOfRange(all, from, i + 1));
                from = i + 1;
            }
        fields.out.flush();
    }
}
