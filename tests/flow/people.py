"""Invented patients and the HL7 v2.4 messages that a PAS sends of them (ITK manner, PL ward^bay^bed^site).

Names, numbers and addresses are made up; NHS numbers are of the 999 range, which is never issued.
"""
import datetime
import itertools

FAMILY = ["Ashworth", "Bello", "Chaudhry", "Dunn", "Eze", "Fairclough", "Gill", "Hussain", "Idle",
          "Jankowska", "Kaur", "Lomax", "Mbeki", "Nuttall", "Okafor", "Pye", "Quayle", "Rothwell",
          "Singh", "Tattersall", "Usman", "Varley", "Whittle", "Xu", "Yates", "Zaman"]
GIVEN = ["Agnes", "Bilal", "Carys", "Dev", "Edith", "Femi", "Grace", "Harun", "Isla", "Jacek", "Kiran",
         "Lena", "Mo", "Nadia", "Owen", "Priya", "Ruth", "Stan", "Tamar", "Una", "Vera", "Wes"]


def nhs_number(n):
    """The n-th number of the 999 range with a valid check digit."""
    at = -1
    for body in range(1_000_000):
        digits = f"999{body:06d}"
        check = 11 - sum(int(d) * (10 - i) for i, d in enumerate(digits)) % 11
        if check == 10:
            continue
        at += 1
        if at == n:
            return digits + str(check % 11)
    raise ValueError(n)


def every_nhs_number():
    """Valid numbers from the first on."""
    for body in range(1_000_000):
        digits = f"999{body:06d}"
        check = 11 - sum(int(d) * (10 - i) for i, d in enumerate(digits)) % 11
        if check != 10:
            yield digits + str(check % 11)


def nhs_numbers(count, first=0):
    """`count` valid numbers; much faster than asking for each."""
    return list(itertools.islice(every_nhs_number(), first, first + count))


def stamp(t):
    return t.strftime("%Y%m%d%H%M%S")


class Person:
    def __init__(self, n, nhs, mrn, nhs_known=True):
        self.n, self.nhs, self.mrn, self.nhs_known = n, nhs, mrn, nhs_known
        self.family = FAMILY[n % len(FAMILY)].upper()
        self.given = GIVEN[(n // 3) % len(GIVEN)].upper()
        self.sex = "MF"[n % 2]
        self.born = datetime.date(1930 + n * 7 % 90, 1 + n % 12, 1 + n % 28)

    def pid3(self):
        mrn = f"{self.mrn}^^^RZZ^MR"
        return f"{self.nhs}^^^NHS^NH~{mrn}" if self.nhs_known else mrn

    def pid(self):
        return (f"PID|1||{self.pid3()}||{self.family}^{self.given}||{self.born:%Y%m%d}|{self.sex}|||"
                f"{1 + self.n % 98} Weir Lane^^Rawtenstall^^BB4 {self.n % 9}ZZ||||||||||||||||||||"
                + ("|01" if self.nhs_known else ""))


def message(trigger, structure, control_id, when, person, *, recorded=None, app="TESTPAS",
            klass="I", place="W1^B1^01^RZZ01", before="", visit="", admitted=None, discharged=None,
            occurred=None, method="", consultant="C1234567^Example^Anna", speciality="300",
            retired=""):
    """The bytes of one ADT message; segments end in CR."""
    recorded = recorded or when
    out = [f"MSH|^~\\&|{app}|RZZ|WEIR|REGION|{stamp(when)}||ADT^{trigger}^{structure}|{control_id}|P|2.4|||||GBR|UNICODE UTF-8",
           f"EVN|{trigger}|{stamp(recorded)}||||{stamp(occurred) if occurred else ''}",
           person.pid()]
    if retired:
        out.append(f"MRG|{retired}")
    else:
        pv1 = [""] * 46
        pv1[0], pv1[1], pv1[2], pv1[3] = "PV1", "1", klass, place
        pv1[4], pv1[6], pv1[9], pv1[10] = method, before, consultant, speciality
        pv1[19] = f"{visit}^^^RZZ^VN" if visit else ""
        pv1[44] = stamp(admitted) if admitted else ""
        pv1[45] = stamp(discharged) if discharged else ""
        out.append("|".join(pv1).rstrip("|"))
    return ("\r".join(out) + "\r").encode()
