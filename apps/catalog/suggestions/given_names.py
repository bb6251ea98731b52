"""Given names of several languages: that one in five of a column's values begins with one of them is no chance."""

GIVEN = frozenset(
    """
    aaron adam ahmed aisha alan albert alejandro alex alexander alice ali amy ana anders andrea andrew anna anne
    antonio anton arthur ben benjamin bernd bob brian camille carla carlos carmen carol charles charlotte chen
    chloe chris christian christine clara claire claudia daniel david deborah diana diego dimitri eduardo elena
    elisabeth elizabeth ella emil emily emma eric erik ethan eva fatima felix fernando fiona francesca francesco
    frank fredrik gabriel george giulia giovanni grace greta hannah hans harry heinz helen henry hiroshi hugo
    ibrahim ines ingrid isabel isabella ivan jack jacob jakob james jan jane jean jennifer jessica joao joe johann
    john jonas jose joseph juan julia julie jürgen karen karl katarina kate katharina kevin klaus kumar lara lars
    laura lea lena leon liam linda lisa louis lucas lucia luis luisa lukas maja manuel marco marcus margaret maria
    marie mario mark marta martin mary mateo matteo matthew max mei mehmet mia michael michel miguel mila mohamed
    monika nadia natalia nathan nicole nikolai nina noah nora oleg oliver olivia omar oscar pablo paul paula pedro
    peter petra philip pierre priya rachel rafael rania raj richard robert rosa ruth sam samuel sandra sara sarah
    sebastian sergio simon sofia sophie stefan stella stephen susan sven tanaka thomas tim tom ulrich ursula
    valentina vera victor viktor walter wei william yara yuki yusuf zoe
    """.split()  # noqa: SIM905 - as a list it would be a page of quotes
)
