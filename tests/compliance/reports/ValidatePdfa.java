// Runs veraPDF, the reference validator of PDF/A, over files: see validate_pdfa.py beside this file.

import java.io.FileInputStream;
import java.util.TreeSet;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

public class ValidatePdfa {
    private static final int SHOWN_MAX = 20;

    public static void main(String[] files) throws Exception {
        VeraGreenfieldFoundryProvider.initialise();
        boolean allCompliant = true;
        for (String file : files) {
            try (PDFAParser parser = Foundries.defaultInstance().createParser(new FileInputStream(file))) {
                // The profile is the one that the file itself claims.
                ValidationResult result =
                        Foundries.defaultInstance().createValidator(parser.getFlavour(), false).validate(parser);
                System.out.printf("%s: PDF/A-%s, %s, %d assertions%n", file, parser.getFlavour(),
                        result.isCompliant() ? "compliant" : "NOT compliant", result.getTotalAssertions());
                TreeSet<String> failed = new TreeSet<>();
                for (TestAssertion assertion : result.getTestAssertions()) {
                    failed.add(assertion.getRuleId() + " " + assertion.getMessage());
                }
                failed.stream().limit(SHOWN_MAX).forEach(line -> System.out.println("  " + line));
                allCompliant &= result.isCompliant();
            }
        }
        System.exit(allCompliant ? 0 : 1);
    }
}
